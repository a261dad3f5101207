/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ names as a person writes them: "_Z3fooi" is "foo(int)".
 *
 * The C++ library does that. Names come from anybody's files, and some 200
 * bytes can stand for gigabytes of text. So a child does it, with little
 * memory and little time: it can fall over, the trace can't.
 */
#ifndef OPENSNOOP_DEMANGLER_H
#define OPENSNOOP_DEMANGLER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct demangler {
	pid_t child; /* 0: there is none now */
	int fd;	     /* to it */
	unsigned int children;
};

/*
 * The name, NUL-terminated, into `out`, cut where `room` ends. False where it
 * isn't mangled, the host has no C++ library, or it would take too long.
 */
bool demangle(struct demangler *demangler, const char *name, char *out,
	      size_t room);

/* End the child. */
void demangler_free(struct demangler *demangler);

#endif
