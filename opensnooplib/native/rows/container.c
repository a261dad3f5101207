// SPDX-License-Identifier: Apache-2.0
#include "rows/container.h"

#include <string.h>

static size_t hex_digits_at(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* The text that follows `prefix` in the path, up to the next slash. */
static bool find_after(const char *path, const char *prefix, const char **name,
		       size_t *size)
{
	const char *at = strstr(path, prefix);

	if (!at)
		return false;
	*name = at + strlen(prefix);
	*size = strcspn(*name, "/");
	return *size > 0;
}

bool find_container(const char *path, const char **name, size_t *size)
{
	enum { ID_DIGITS = 64, SHOWN_DIGITS = 12 };

	/* An ID: docker-ID.scope, /docker/ID, cri-containerd-ID.scope, ... */
	for (const char *at = path; *at; at++) {
		size_t digits = hex_digits_at(at);

		if (digits == ID_DIGITS) {
			*name = at;
			*size = SHOWN_DIGITS;
			return true;
		}
		if (digits > 0)
			at += digits - 1;
	}
	return find_after(path, "/lxc.payload.", name, size) ||
	       find_after(path, "/machine.slice/machine-", name, size);
}
