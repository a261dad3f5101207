/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader data: struct reader, which the files of pipeline/ share, and the
 * structs of its requests and its counts.
 */
#pragma once

#include "event/condition.h"
#include "event/tally.h"
#include "event/glob.h"
#include "io/output.h"
#include "io/recording_input.h"
#include "perf/merge.h"
#include "rows/row.h"

/* How long one write waits for a full pipe, while the trace runs. */
#define WRITE_WAIT_MS 20

/* What a record must meet: all conditions, and the patterns for its path. */
struct filter {
	const struct condition *conditions;
	uint32_t condition_count;
	const struct glob *globs;
	uint32_t glob_count;
};

/*
 * The format of a stream's records, and which are selected, as far as the
 * kernel has not done so. What it points to must live as long as the stream.
 */
struct format_request {
	uint32_t kind;	     /* enum row_kind */
	int64_t wall_offset; /* ns: CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct layout layout;
	uint32_t record_least; /* bytes; shorter records can't have been sent */
	struct columns columns;
	struct filter wanted;
	struct filter last; /* the record after which none is read; or empty */
	struct columns group; /* what a summary or --once counts by; or none */
	bool group_as_json;   /* its row, which is one of a table otherwise */
	bool shows_own;	  /* records of the tool's own processes are selected */
	bool in_any_task; /* the process that sends a record says nothing */
};

enum reader_state {
	READER_RUNNING,
	READER_COUNT_REACHED, /* as many rows as asked for */
	READER_OUTPUT_CLOSED, /* nobody reads the pipe any more */
	READER_OUTPUT_FAILED, /* see reader_counts.error */
	/* Of a recording only, in the order of enum recording_state: */
	READER_AT_BLOCK,      /* see reader_take_block() */
	READER_INPUT_ENDED,   /* after a whole block */
	READER_INPUT_CUT,     /* within a block */
	READER_INPUT_DAMAGED, /* no block, or one that isn't as written */
};

/* What a reader has written so far. */
struct reader_counts {
	uint64_t shown;	     /* rows that stdout or the file took, whole */
	uint64_t unwritten;  /* rows that it did not take */
	uint64_t unreadable; /* shown, without a path */
	uint64_t cut;	     /* shown, with a path longer than PATH_MAX */
	uint64_t unsure;     /* shown, with an unknown result */
	uint64_t error;	     /* the errno of the write that failed, or 0 */
	/* Of a recording only: */
	uint64_t impossible; /* records that no program can have sent */
	uint64_t offset;     /* how many bytes are consumed */
};

/* One stream; another may have another format. */
struct stream {
	struct format_request format;
	char *heading; /* NULL: none */
};

struct reader {
	unsigned int pages;		 /* of each ring */
	enum perf_event_kind first_kind; /* of stream 0 */
	struct stream streams[STREAMS_MAX];
	uint32_t newest;  /* stream of records, by the last format */
	uint32_t current; /* stream, to which `format` belongs */
	char *heading;	  /* the last one that was written, or NULL */
	char *group_room; /* for a row of what is counted by */
	int epoll_fd;
	struct merge merge;
	bool records_wait;   /* some were held back at the last drain */
	uint64_t read_until; /* ns; all records before it are consumed */
	int gather_ms;	     /* for how long records gather to be read */

	struct recording recording; /* read instead of rings, if it is open */
	struct block block; /* at which reading stopped, if it is no record */
	enum recording_state input;

	struct row_format format;
	enum row_kind kind;
	size_t row_bound; /* the most bytes that a row, or a block, takes */
	record_consumer consume; /* writes a record, or counts it */
	bool is_blocked; /* there was no room for the last one that it wrote */
	struct tally tally;

	struct output output;
	uint64_t rows;
	uint64_t rows_wanted; /* 0: no limit */
	uint64_t undelivered; /* records for which there was no more room */
	struct reader_counts counts; /* except for what the others say */
	struct own_processes own;
	struct helpers helpers; /* those that find callers and names */
	struct helper names_helper;
};

/* A reader without input or output; NULL without memory. */
struct reader *reader_new(void);

/* The state of the output; the input is taken to go on. */
enum reader_state output_state(const struct reader *reader);

/* Are there as many rows as asked for? */
bool all_rows_shown(const struct reader *reader);

/*
 * Wait until a ring reaches its watermark, a signal comes, or `timeout_ms` has
 * passed; not longer than records are held back, if some are.
 */
void wait_for_records(struct reader *reader, int timeout_ms);
