// SPDX-License-Identifier: Apache-2.0
#include "event/glob.h"

/* A better match is a larger number. */
enum match {
	NO,
	MAYBE, /* the rest of the path, which was cut, decides */
	YES,
};

static bool has_bit(const uint64_t *words, uint32_t bit)
{
	return words[bit / 64] >> bit % 64 & 1;
}

/* Follow all states over one byte. False: no state is left, so no match. */
static bool take_byte(const struct glob *glob, uint64_t *states,
		      unsigned char byte)
{
	const uint64_t *takes = glob->takes + (size_t)byte * glob->words;
	uint64_t carry = 0;
	uint64_t any = 0;

	for (uint32_t i = 0; i < glob->words; i++) {
		uint64_t taken = states[i] & takes[i];

		states[i] = taken << 1 | carry | (states[i] & glob->stays[i]);
		carry = taken >> 63;
		any |= states[i];
	}
	return any != 0;
}

static enum match match(const struct glob *glob, struct text path, bool cut)
{
	bool open_end = has_bit(glob->stays, glob->last);
	uint64_t states[GLOB_WORDS_MAX];

	for (uint32_t i = 0; i < glob->words; i++)
		states[i] = 0;
	states[0] = 1;
	for (size_t i = 0; i < path.size; i++) {
		if (open_end && has_bit(states, glob->last))
			return YES;
		if (!take_byte(glob, states, path.bytes[i]))
			return NO;
	}
	if (has_bit(states, glob->last) && (open_end || !cut))
		return YES;
	return cut ? MAYBE : NO;
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
