// SPDX-License-Identifier: Apache-2.0
#include "rows/container.h"

#include <string.h>

enum { ID_DIGITS = 64, SHOWN_DIGITS = 12 };

static struct text part_of_path(const char *at, size_t size)
{
	return (struct text){(const unsigned char *)at, size};
}

/* The text that follows `prefix` in the path, up to the next slash. */
static struct text find_after(const char *path, const char *prefix)
{
	const char *at = strstr(path, prefix);

	if (!at)
		return (struct text){0};
	at += strlen(prefix);
	return part_of_path(at, strcspn(at, "/"));
}

struct text find_container(const char *path)
{
	struct text name;

	/* An ID: docker-ID.scope, /docker/ID, cri-containerd-ID.scope, ... */
	for (const char *at = path; *at; at++) {
		size_t digits = strspn(at, "0123456789abcdef");

		if (digits == ID_DIGITS)
			return part_of_path(at, SHOWN_DIGITS);
		if (digits > 0)
			at += digits - 1;
	}
	name = find_after(path, "/lxc.payload.");
	return name.size > 0 ? name
			     : find_after(path, "/machine.slice/machine-");
}
