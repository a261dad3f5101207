/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Demangler: C++ names as a person writes them: "_Z3fooi" is "foo(int)".
 *
 * The C++ library does that, in a helper: names come from untrusted files, and
 * 200 bytes can stand for gigabytes of text.
 */
#ifndef OPENSNOOP_DEMANGLER_H
#define OPENSNOOP_DEMANGLER_H

#include "stacks/helper.h"

/* The longest name that is demangled; a longer answer is cut. */
#define MANGLED_NAME_MAX 4096

enum demangled {
	DEMANGLED,
	/* The name isn't mangled, takes too long, or there's no C++ library. */
	NOT_DEMANGLED,
	NOT_DEMANGLED_NOW, /* the helper's time is used up: ask later */
};

void demangler_init(struct helper *demangler);

/* Write the name to `out`, NUL-terminated, cut to `room` bytes. */
enum demangled demangle(struct helper *demangler, const char *name, char *out,
			size_t room);

#endif
