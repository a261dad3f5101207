/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selection: which records have rows, as far as the kernel has not selected
 * them already.
 */
#pragma once

#include "event/condition.h"
#include "event/glob.h"

struct reader;

/*
 * Select only opens of paths that these patterns want. `globs` stays the
 * caller's, and must live as long as the reader.
 */
void reader_set_globs(struct reader *reader, const struct glob *globs,
		      unsigned int count);

/*
 * Select only records of the newest stream that meet all these conditions,
 * which stay the caller's, and must live as long as the stream.
 */
void reader_set_conditions(struct reader *reader, const struct condition *all,
			   uint32_t count);

/*
 * Add a process of the tool's own, whose opens are not selected. The first is
 * the trace itself.
 */
void reader_add_own_process(struct reader *reader, uint32_t pid);

/* A process of the tool's own has ended; the trace itself never does. */
void reader_end_own_process(struct reader *reader, uint32_t pid);

/* Is the record selected? */
bool is_wanted(struct reader *reader, const struct record *record);
