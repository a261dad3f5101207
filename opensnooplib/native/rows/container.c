// SPDX-License-Identifier: Apache-2.0
#include "rows/container.h"

#include <string.h>

enum { ID_DIGITS = 64, SHOWN_DIGITS = 12 };

struct text find_container(const char *path)
{
	static const char *const prefixes[] = {"/lxc.payload.",
					       "/machine.slice/machine-"};

	/* An ID: docker-ID.scope, /docker/ID, cri-containerd-ID.scope, ... */
	for (const char *at = path; *at; at++) {
		size_t digits = strspn(at, "0123456789abcdef");

		if (digits == ID_DIGITS)
			return (struct text){(const void *)at, SHOWN_DIGITS};
		if (digits > 0)
			at += digits - 1;
	}
	for (int i = 0; i < 2; i++) {
		const char *at = strstr(path, prefixes[i]);

		if (!at)
			continue;
		at += strlen(prefixes[i]);
		return (struct text){(const void *)at, strcspn(at, "/")};
	}
	return (struct text){0};
}
