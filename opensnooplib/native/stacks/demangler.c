// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/demangler.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef char *(*cxa_demangle)(const char *name, char *out, size_t *size,
			      int *status);

static cxa_demangle demangle_cxx; /* NULL: there is no C++ library */

/* __cxa_demangle() of the Itanium C++ ABI: libstdc++ and libc++abi have it. */
static cxa_demangle find_function(void)
{
	static const char *const libraries[] = {"libstdc++.so.6",
						"libc++abi.so.1"};

	for (size_t i = 0; i < 2; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY);
		void *found = library ? dlsym(library, "__cxa_demangle") : NULL;

		if (found)
			return (cxa_demangle)found;
	}
	return NULL;
}

/* An empty answer means that the name isn't mangled. */
static void serve(const void *request, size_t request_size)
{
	char name[MANGLED_NAME_MAX] = "";
	char out[MANGLED_NAME_MAX] = "";
	size_t size;
	char *text;

	if (request_size < sizeof(name))
		memcpy(name, request, request_size);
	text = demangle_cxx(name, NULL, NULL, NULL);
	size = text ? strnlen(text, sizeof(out) - 1) : 0;
	if (text)
		memcpy(out, text, size);
	free(text);
	helper_reply(out, size + 1);
}

void demangler_init(struct helper *demangler)
{
	helper_init(demangler, serve, NULL);
}

/*
 * The library is loaded in the trace, since its opens would be shown if a
 * helper did it.
 */
static bool is_possible(void)
{
	static bool was_tried;

	if (!was_tried)
		demangle_cxx = find_function();
	was_tried = true;
	return demangle_cxx;
}

enum demangled demangle(struct helper *demangler, const char *name, char *out,
			size_t room)
{
	ssize_t size;

	if (strncmp(name, "_Z", 2) != 0 ||
	    strnlen(name, MANGLED_NAME_MAX) >= MANGLED_NAME_MAX ||
	    !is_possible())
		return NOT_DEMANGLED;
	if (!helper_ask(demangler, name, strlen(name)))
		return NOT_DEMANGLED_NOW;
	size = helper_answer(demangler, out, room - 1);
	if (size <= 0)
		return NOT_DEMANGLED;
	out[size] = '\0';
	return out[0] != '\0' ? DEMANGLED : NOT_DEMANGLED;
}
