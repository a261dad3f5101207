/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader data: struct reader, which the files of pipeline/ share.
 */
#ifndef OPENSNOOP_READER_DATA_H
#define OPENSNOOP_READER_DATA_H

#include <time.h>

#include "base/own_processes.h"
#include "event/condition.h"
#include "event/counts.h"
#include "event/glob.h"
#include "io/output.h"
#include "io/recording_input.h"
#include "perf/merge.h"
#include "rows/row.h"

/* How long one write waits for a full pipe, while the trace runs. */
#define WRITE_WAIT_MS 20

/* The format of one stream's rows; another stream may have another one. */
struct stream {
	int map_fd; /* the perf event array of its programs; 0: none yet */
	struct layout layout;
	const struct column *columns; /* owned by the frontend */
	unsigned int column_count;
	size_t row_bound;
	char *heading; /* NULL: none */
};

struct reader {
	struct ring *rings;
	unsigned int ring_count;
	unsigned int pages; /* of each ring */
	struct stream streams[STREAMS_MAX];
	uint32_t newest;  /* stream */
	uint32_t current; /* stream, to which `format` belongs */
	char *heading;	  /* the last one that was written, or NULL */
	int epoll_fd;
	struct merge merge;
	bool records_wait; /* some were held back at the last drain */
	bool gathers;	   /* let records gather for `gathering` */
	struct timespec gathering;

	struct recording recording; /* read instead of rings, if it is open */
	struct block block; /* at which reading stopped, if it is no record */
	enum recording_state input;
	uint32_t record_least; /* bytes */
	uint64_t impossible;   /* records that no program can have sent */

	struct row_format format;
	row_writer *put_row;
	size_t row_bound;
	record_consumer
		consume; /* writes a row, keeps the record or counts it */
	/* Writes a heading; false if there is no room for it. */
	bool (*put_heading)(struct reader *reader, const char *text);
	struct conditions conditions;
	const struct glob *globs;
	unsigned int glob_count;
	struct tally tally;

	struct output output;
	uint64_t rows;
	uint64_t rows_wanted; /* 0: no limit */
	uint64_t unreadable;
	uint64_t cut;
	uint64_t undelivered; /* records for which there was no more room */
	struct own_processes own;
};

#endif
