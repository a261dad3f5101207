/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Demangler: C++ names as a person writes them: "_Z3fooi" is "foo(int)".
 *
 * The C++ library does that, and only a helper asks it: names come from
 * untrusted files, and 200 bytes can stand for gigabytes of text.
 */
#pragma once

/* The longest name that is demangled. */
#define MANGLED_NAME_MAX 4096

/* Load the C++ library, so that later no file needs to be opened for it. */
void demangler_load(void);

/*
 * The name, for free(3). NULL: it isn't mangled, or there is no C++ library or
 * no memory.
 */
char *demangle(const char *name);
