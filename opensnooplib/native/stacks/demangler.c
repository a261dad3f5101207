// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/demangler.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* __cxa_demangle() of the Itanium C++ ABI. */
typedef char *(*cxa_demangle)(const char *name, char *out, size_t *size,
			      int *status);

char *demangle(const char *name)
{
	static cxa_demangle demangle_cxx;
	static bool was_loaded;
	void *library;

	if (strncmp(name, "_Z", 2) != 0 ||
	    strnlen(name, MANGLED_NAME_MAX) == MANGLED_NAME_MAX)
		return NULL;
	library = was_loaded ? NULL : dlopen("libstdc++.so.6", RTLD_LAZY);
	was_loaded = true;
	if (library)
		demangle_cxx = (cxa_demangle)dlsym(library, "__cxa_demangle");
	return demangle_cxx ? demangle_cxx(name, NULL, NULL, NULL) : NULL;
}
