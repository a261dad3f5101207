/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress of a reader: whether it goes on, and the numbers of rows so far.
 */
#ifndef OPENSNOOP_PROGRESS_H
#define OPENSNOOP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "event/record.h"

struct reader;

/* The numbers of rows that were written, and that were not. */
struct reader_counts {
	uint64_t shown;	     /* rows that stdout or the file took, whole */
	uint64_t unwritten;  /* rows that it did not take */
	uint64_t unreadable; /* shown, without a path */
	uint64_t cut;	     /* shown, with a path longer than PATH_MAX */
};

enum reader_state {
	READER_RUNNING,
	READER_COUNT_REACHED, /* as many rows as asked for */
	READER_OUTPUT_CLOSED, /* nobody reads the pipe any more */
	READER_OUTPUT_FAILED, /* see reader_output_error() */
	/* Of a recording only: */
	READER_AT_BLOCK,      /* see reader_take_block() */
	READER_INPUT_ENDED,   /* after a whole block */
	READER_INPUT_CUT,     /* within a block */
	READER_INPUT_DAMAGED, /* no block, or one that isn't as written */
};

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts);

/* The errno of the write that failed, or 0. */
int reader_output_error(const struct reader *reader);

/* The state of the output; the input is taken to go on. */
enum reader_state output_state(const struct reader *reader);

/* Are there as many rows as asked for? */
bool all_rows_shown(const struct reader *reader);

/* Count a row, or a record that was kept. */
void count_row(struct reader *reader, const struct record *record);

#endif
