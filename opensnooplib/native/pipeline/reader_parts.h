/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader from inside: reader.c, reader_rings.c, reader_rows.c, recorder.c,
 * replay.c and summing.c share this.
 */
#ifndef OPENSNOOP_READER_PARTS_H
#define OPENSNOOP_READER_PARTS_H

#include <time.h>

#include "base/kernel_clock.h"
#include "perf/merge.h"
#include "sinks/output.h"
#include "base/own_processes.h"
#include "pipeline/reader.h"
#include "sinks/recording_file.h"
#include "event/counts.h"

/* How long rows wait for a pipe that is full: in between, and the last ones. */
#define FLUSH_MS      20
#define LAST_FLUSH_MS 1000

/* What the rows of one stream have, and those of another may not. */
struct stream {
	int map_fd; /* the perf event array of its programs; 0: none yet */
	struct layout layout;
	const struct column *columns; /* the frontend's */
	unsigned int column_count;
	size_t row_bound;
	char *heading; /* NULL: none */
};

struct reader {
	struct ring *rings;
	unsigned int ring_count;
	unsigned int pages; /* of each ring */
	struct stream streams[STREAMS_MAX];
	uint32_t newest;
	uint32_t current; /* whose format `format` is */
	char *heading;	  /* that stands above the rows, or NULL */
	int epoll_fd;
	struct merge merge;
	bool records_wait; /* younger than HOLD_BACK_NS at the last drain */
	bool gathers;	   /* nobody waits: let records gather for so long */
	struct timespec gathering;

	struct recording recording; /* read instead of rings, if it is open */
	struct block block; /* at which it stands, if it isn't a record */
	enum recording_state input;
	uint32_t record_least; /* bytes */
	uint64_t impossible;   /* records that no program can have sent */

	struct row_format format;
	char *(*put_row)(char *out, struct row_format *format,
			 const struct record *record);
	size_t row_bound;
	bool keeps;		 /* what comes out is a recording */
	record_consumer consume; /* makes a row of a record, or keeps it */
	struct conditions conditions;
	const struct glob *globs;
	unsigned int glob_count;
	struct tally tally;

	struct output output;
	uint64_t rows;
	uint64_t rows_wanted; /* 0: no limit */
	uint64_t unreadable;
	uint64_t cut;
	uint64_t undelivered; /* records that came when no row could go out */
	struct own_processes own;
};

bool all_rows_shown(const struct reader *reader);
bool is_wanted(struct reader *reader, const struct record *record);
void count_row(struct reader *reader, const struct record *record);

/*
 * What comes out from here on is of the record's stream. False where there is
 * no room to say so.
 */
bool follow_stream(struct reader *reader, const struct record *record);

/* Into a recording. False where there is no room. */
bool put_description(struct reader *reader, const char *json);

/* The enum reader_state as far as the output knows it. */
int state_of(const struct reader *reader);

#endif
