/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caller array: the addresses of a record's callers, as BPF sent them. The
 * array ends at the first 0, or where it is full.
 */
#pragma once

#include "stacks/callers.h"

struct caller_array {
	const struct record *record;
	const struct layout *layout;
	struct field first; /* element */
	uint32_t size;	    /* elements */
};

/*
 * Is the caller at `index` the first that repeats the one before it, up to the
 * end of the array, where no code is mapped? Then a frame pointer points at
 * itself, and the callers from here on are unknown. In a replay, where
 * `callers` is NULL, a deep recursion looks the same.
 */
bool callers_repeat_from(struct callers *callers,
			 const struct caller_array *array, uint32_t index);

/*
 * How many callers are shown: those before the first 0. One more stands for
 * "unknown": a 0 in the first element, or in the last one, where the stack may
 * be deeper; or the first caller that repeats.
 */
uint32_t caller_count(struct callers *callers,
		      const struct caller_array *array);
