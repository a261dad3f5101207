// SPDX-License-Identifier: Apache-2.0
#include "event/glob.h"

#include <string.h>

#include "base/put_string.h"
#include "event/full_path.h"

/* A better match is a larger number. */
enum match {
	NO,
	MAYBE, /* the rest of the path, which was cut, decides */
	YES,
};

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
 */
static enum match match(const struct glob *glob, struct text path, bool cut)
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
				return YES;
		} else if (i == path.size) {
			break;
		} else if (takes(glob, part, path.bytes[i])) {
			part++;
			i++;
		} else if (after_star > 0) {
			part = after_star;
			i = ++star_end;
		} else {
			return NO;
		}
	}
	if (cut)
		return MAYBE;
	return part == glob->count ? YES : NO;
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

static enum match better(enum match one, enum match other)
{
	return one > other ? one : other;
}

/* The best match of the names that the path has: see glob.h. */
static enum match match_any(const struct glob *glob, struct text shown,
			    struct text given, bool cut)
{
	char room[FULL_PATH_ROOM];
	enum match found = match(glob, shown, cut);

	if (found != YES && given.bytes != shown.bytes)
		found = better(found, match(glob, given, cut));
	if (found != YES && glob->is_absolute)
		found = better(found,
			       match(glob, without_dots(shown, room), cut));
	return found;
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
		enum match found = match_any(&globs[i], shown, given, cut);

		if (!globs[i].excludes) {
			all_exclude = false;
			wanted = wanted || found != NO;
		} else if (found == YES) {
			return false;
		}
	}
	return wanted || all_exclude;
}
