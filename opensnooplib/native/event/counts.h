/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of records, for the summary of a recording: what
 * bpf_src/extra/summary.h counts in a live trace.
 */
#ifndef OPENSNOOP_COUNTS_H
#define OPENSNOOP_COUNTS_H

#include "event/record.h"

/* As many as a summary of a large recording may take memory for. */
#define TALLY_ENTRIES (1 << 20)

#define TALLY_ERRORS 4096

/* A file or a process. */
struct tally_entry {
	uint64_t number; /* a process: its PID; a file: is its path cut? */
	uint64_t opened;
	uint64_t failed;
	uint64_t missing; /* of those that failed: no such file */
	uint32_t size;	  /* of the text, in bytes */
	unsigned char text[];
};

struct tally_table {
	void *tree; /* tsearch(3): no input makes it slow */
	struct tally_entry **all;
	uint32_t count;
	uint32_t capacity;
	uint64_t no_place; /* opens that found none */
};

struct tally {
	struct tally_table files;
	struct tally_table processes;
	uint64_t errors[TALLY_ERRORS];
	uint64_t unreadable;
	struct field comm;
	uint64_t until;	     /* a record from this time (ns) on isn't counted */
	uint64_t stopped_at; /* the time of such a one, or 0 */
};

void tally_clear(struct tally *tally);

/* False where the record is of another time. */
bool tally_record(struct tally *tally, const struct layout *layout,
		  const struct record *record);

#endif
