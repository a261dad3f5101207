// SPDX-License-Identifier: Apache-2.0
#include "base/mountinfo.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_octal(char digit)
{
	return digit >= '0' && digit <= '7';
}

/* Take a text up to the next space; \040 and the like become their bytes. */
static const char *take_text(char **at)
{
	char *in = *at + strspn(*at, " ");
	char *out = in;
	const char *text = in;

	while (*in && *in != ' ' && *in != '\n') {
		if (in[0] == '\\' && is_octal(in[1]) && is_octal(in[2]) &&
		    is_octal(in[3])) {
			*out++ = (char)((in[1] - '0') << 6 |
					(in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*at = *in ? in + 1 : in;
	*out = '\0';
	return text;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS... - TYPE ..." */
struct mountinfo mountinfo_parse(char *line)
{
	struct mountinfo mount;
	char *rest;

	mount.id = strtoul(line, &line, 10);
	mount.parent = strtoul(line, &line, 10);
	mount.device_major = (unsigned int)strtoul(line, &line, 10);
	line += *line == ':';
	mount.device_minor = (unsigned int)strtoul(line, &line, 10);
	mount.root = take_text(&line);
	mount.point = take_text(&line);
	rest = strstr(line, " - ");
	line = rest ? rest + strlen(" - ") : line + strlen(line);
	mount.type = take_text(&line);
	return mount;
}
