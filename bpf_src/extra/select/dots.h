/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --path with an absolute pattern: an absolute name with "//", "." or ".." in
 * it may mean one that the pattern matches. The reader finds out.
 */
#define DOTS_LOOKED_FOR 126 /* bytes; a longer name is passed on */

static bool has_dots(const char *path, u64 length)
{
	if (length > DOTS_LOOKED_FOR)
		return true;
	for (int i = 0; i < DOTS_LOOKED_FOR && path[i]; i++) {
		const char *name = path + i + 1;

		if (path[i] != '/')
			continue;
		/* '.', '/' and NUL are not above '/', as all letters are. */
		if (name[0] == '/' || (name[0] == '.' && name[1] <= '/'))
			return true;
	}
	return false;
}
