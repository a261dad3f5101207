/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ names as a person writes them: "_Z3fooi" is "foo(int)".
 *
 * The C++ library does that. Names come from anybody's files, and some 200
 * bytes can stand for gigabytes of text: so a helper does it.
 */
#ifndef OPENSNOOP_DEMANGLER_H
#define OPENSNOOP_DEMANGLER_H

#include "stacks/helper.h"

/* Longer names stay as they are; longer answers are cut. */
#define MANGLED_NAME_MAX 4096

enum demangled {
	DEMANGLED,
	/* It isn't mangled, takes too long, or there is no C++ library. */
	NOT_DEMANGLED,
	NOT_DEMANGLED_NOW, /* the helper has used up its time: ask later */
};

void demangler_init(struct helper *demangler);

/* The name, NUL-terminated, into `out`, cut where `room` ends. */
enum demangled demangle(struct helper *demangler, const char *name, char *out,
			size_t room);

#endif
