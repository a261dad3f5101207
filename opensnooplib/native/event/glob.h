/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs: paths are matched with patterns, in a time that depends only on the
 * length of both.
 *
 * A pattern is a sequence of states: the first before any byte is matched, the
 * last when the whole pattern is. All states in which a path can be are
 * followed at once, each as one bit. The frontend makes the tables (globs.py).
 */
#pragma once

#include "event/record.h"

/* Words for 4095 states, one for each byte of the longest path, and the first.
 */
#define GLOB_WORDS_MAX 64

struct glob {
	uint32_t words; /* u64 that hold one bit for each state */
	uint32_t last;	/* state: the whole pattern is matched */
	bool excludes;
	/* [256][words]: the states from which this byte leads to the next */
	const uint64_t *takes;
	/* [words]: the states in which any byte stays: those of a star */
	const uint64_t *stays;
};

/*
 * Is a path wanted? It is if no excluding pattern matches it, and one of the
 * others does or there are no others. A pattern matches it as it is shown or as
 * the program gave it. A path that could not be read is wanted, since it may
 * match; so is one that was cut and whose rest may match. `state` is that of
 * full_path().
 */
bool path_is_wanted(const struct glob *globs, unsigned int count,
		    struct text shown, struct text given,
		    enum path_state state);
