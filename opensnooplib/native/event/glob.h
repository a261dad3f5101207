/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names compared with patterns, in a time that depends on the length of both
 * and on nothing else.
 *
 * A pattern is a row of states: the first before any byte was taken, the last
 * when all of it was. All states that a name could be in are followed at
 * once, each as one bit. The frontend makes these tables (globs.py).
 */
#ifndef OPENSNOOP_GLOB_H
#define OPENSNOOP_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/record.h"

/* For 4095 bytes, the longest path, and the first state. */
#define GLOB_MOST_WORDS 64

struct glob {
	uint32_t words; /* u64 that hold a bit for each state */
	uint32_t last;	/* the state in which all is taken */
	bool excludes;
	const uint64_t *takes; /* [256][words]: on this byte, to the next */
	const uint64_t *stays; /* [words]: on any byte, here: a star */
};

/*
 * Is a name wanted: does one of the patterns match, if there is any that
 * doesn't exclude, and none that excludes? A name that could not be read is:
 * it may be. So is one that was cut, if what follows could make it so.
 */
bool path_is_wanted(const struct glob *globs, unsigned int count,
		    struct text path, enum path_state state);

#endif
