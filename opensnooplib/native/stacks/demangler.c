// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/demangler.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* __cxa_demangle() of the Itanium C++ ABI. */
static char *(*demangle_cxx)(const char *name, char *out, size_t *size,
			     int *status);

void demangler_load(void)
{
	void *library = dlopen("libstdc++.so.6", RTLD_NOW);

	if (library)
		*(void **)&demangle_cxx = dlsym(library, "__cxa_demangle");
}

char *demangle(const char *name)
{
	if (!demangle_cxx || strncmp(name, "_Z", 2) != 0 ||
	    strnlen(name, MANGLED_NAME_MAX) == MANGLED_NAME_MAX)
		return NULL;
	return demangle_cxx(name, NULL, NULL, NULL);
}
