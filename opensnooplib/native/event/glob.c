// SPDX-License-Identifier: Apache-2.0
#include "event/glob.h"

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

static enum match match_either(const struct glob *glob, struct text shown,
			       struct text given, bool cut)
{
	enum match found = match(glob, shown, cut);
	enum match other = found;

	if (given.bytes != shown.bytes)
		other = match(glob, given, cut);
	return found > other ? found : other;
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
		enum match found = match_either(&globs[i], shown, given, cut);

		if (!globs[i].excludes) {
			all_exclude = false;
			wanted = wanted || found != NO;
		} else if (found == YES) {
			return false;
		}
	}
	return wanted || all_exclude;
}
