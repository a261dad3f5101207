// SPDX-License-Identifier: Apache-2.0
#include "event/glob.h"

#include <string.h>

#include "base/put_string.h"
#include "event/full_path.h"

/* Does this part match the byte? There is none after the last part. */
static bool takes(const struct glob *glob, uint32_t part, unsigned char byte)
{
	return part < glob->count &&
	       (glob->parts[part][byte / 8] >> byte % 8 & 1);
}

/*
 * A star first matches nothing, and one byte more whenever what follows it does
 * not match. Only the last star is ever extended: what an earlier one could
 * match, it can match too.
 *
 * The rest of a path that was cut may match, or not: then the path is taken for
 * one that is wanted.
 */
static bool matches(const struct glob *glob, struct text path, bool cut)
{
	uint32_t after_star = 0; /* part; 0: there was no star yet */
	size_t star_end = 0;	 /* in the path */
	uint32_t part = 0;
	size_t i = 0;

	for (;;) {
		if (takes(glob, part, 0)) {
			after_star = ++part;
			star_end = i;
			if (part == glob->count)
				return true;
		} else if (i == path.size) {
			break;
		} else if (takes(glob, part, path.bytes[i])) {
			part++;
			i++;
		} else if (after_star > 0) {
			part = after_star;
			i = ++star_end;
		} else {
			return false;
		}
	}
	return cut ? !glob->excludes : part == glob->count;
}

/*
 * The name that an absolute one means unless it leads through a symbolic link:
 * without "." and "..", and with single slashes. `room` has FULL_PATH_ROOM
 * bytes. Another name, or one that is longer, is returned as it is.
 */
static struct text without_dots(struct text path, char *room)
{
	const unsigned char *end = path.bytes + path.size;
	char *out = room;

	if (path.size == 0 || path.size > FULL_PATH_ROOM || *path.bytes != '/')
		return path;
	for (const unsigned char *name = path.bytes + 1; name <= end;) {
		size_t left = (size_t)(end - name);
		const unsigned char *slash = memchr(name, '/', left);
		size_t size = slash ? (size_t)(slash - name) : left;

		if (size == 2 && memcmp(name, "..", 2) == 0) {
			while (out > room && *--out != '/')
				;
		} else if (size > 0 && !(size == 1 && *name == '.')) {
			*out++ = '/';
			out = put_bytes(out, name, size);
		}
		name += size + 1;
	}
	if (out == room)
		*out++ = '/';
	return (struct text){(const unsigned char *)room, (size_t)(out - room)};
}

/* Does it match one of the names that the path has? See glob.h. */
static bool matches_any(const struct glob *glob, struct text shown,
			struct text given, bool cut)
{
	char room[FULL_PATH_ROOM];

	return matches(glob, shown, cut) ||
	       (given.bytes != shown.bytes && matches(glob, given, cut)) ||
	       (glob->is_absolute &&
		matches(glob, without_dots(shown, room), cut));
}

bool path_is_wanted(const struct glob *globs, unsigned int count,
		    struct text shown, struct text given, enum path_state state)
{
	bool cut = state == PATH_CUT;
	bool all_exclude = true;
	bool wanted = false;

	if (state == PATH_UNREADABLE || state == PATH_TOP_CUT)
		return true; /* it may match */
	for (unsigned int i = 0; i < count; i++) {
		bool found = matches_any(&globs[i], shown, given, cut);

		if (globs[i].excludes && found)
			return false;
		all_exclude = all_exclude && globs[i].excludes;
		wanted = wanted || found;
	}
	return wanted || all_exclude;
}
