/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: perf rings or a recording in, rows or a recording out. This is
 * what Python calls.
 *
 * Functions that return int give 0 or more when all is well and a negative
 * errno otherwise. A reader belongs to one thread.
 */
#ifndef OPENSNOOP_READER_H
#define OPENSNOOP_READER_H

#include "event/condition.h"
#include "event/glob.h"
#include "rows/csv_row.h"
#include "rows/json_row.h"
#include "rows/table_row.h"

struct reader;

/* What became of the records, by count. */
struct reader_counts {
	uint64_t shown;	     /* rows that stdout or the file took, whole */
	uint64_t unwritten;  /* rows that it did not take */
	uint64_t unreadable; /* shown, without a path */
	uint64_t cut;	     /* shown, with a path longer than PATH_MAX */
};

enum reader_state {
	READER_GOES_ON,
	READER_COUNT_REACHED, /* as many rows as asked for */
	READER_OUTPUT_CLOSED, /* nobody reads the pipe any more */
	READER_OUTPUT_FAILED, /* see reader_output_error() */
	/* Of a recording only: */
	READER_AT_BLOCK,      /* see reader_take_block() */
	READER_INPUT_ENDED,   /* behind a whole block */
	READER_INPUT_CUT,     /* within a block */
	READER_INPUT_DAMAGED, /* no block, or one that isn't as written */
};

/*
 * Open and map one ring of `pages` pages (a power of two) for each CPU.
 * *reader is NULL where that fails. They have one stream, see perf_ring.h.
 */
int reader_open(struct reader **reader, const int *cpus, unsigned int cpu_count,
		unsigned int pages);
void reader_close(struct reader *reader);

/*
 * Add a stream, the newest from then on: what is said below of formats,
 * headings and awaited opens is for the newest. Returns its number, -EBUSY
 * where there are too many.
 */
int reader_add_stream(struct reader *reader);

/* No more records of it come. Is the last one shown? Then it can go. */
void reader_end_stream(struct reader *reader, uint32_t stream);
bool reader_stream_is_read(const struct reader *reader, uint32_t stream);

/*
 * How many of its records found no room, as far as the kernel told: it does so
 * only when the next one finds room. bpf_src counts by itself.
 */
uint64_t reader_stream_lost(const struct reader *reader, uint32_t stream);

/* What is left of its records isn't shown. */
void reader_drop_stream(struct reader *reader, uint32_t stream);

/* Read a recording instead. The descriptor stays the caller's. */
int reader_open_recording(struct reader **reader, int fd);

/*
 * Wait for the start of the recording, `timeout_ms` at most. Returns an enum
 * recording_kind of recording_file.h.
 */
int reader_read_header(struct reader *reader, int timeout_ms);

/* reader_poll() for a recording. */
int reader_poll_recording(struct reader *reader, int timeout_ms);

/*
 * The block that is no record and at which the poll stopped: its type, and
 * its body, which stays valid until the next poll.
 */
int reader_take_block(struct reader *reader, const void **body, uint32_t *size);

/*
 * Records from here on must have so many bytes at least, and as many as their
 * path needs; and how many didn't: they are passed over.
 */
void reader_set_record_least(struct reader *reader, uint32_t bytes);
uint64_t reader_impossible(const struct reader *reader);

/* How many bytes of the recording are behind us. */
uint64_t reader_input_offset(const struct reader *reader);

/* Put the rings into the perf event array that the programs write to. */
int reader_install(struct reader *reader, int map_fd);

/*
 * A CPU came online: open a ring for it, or open its ring anew, since the
 * kernel takes events from a CPU that goes offline for good. The ring goes
 * into the perf event arrays of reader_set_map(). Returns -EAGAIN while
 * records wait in the CPU's old ring: after the next reader_poll() there will
 * be fewer.
 */
int reader_follow_cpu(struct reader *reader, int cpu);

/*
 * A CPU whose ring is dead, since it went offline: it may be back by now.
 * -1 where there is none. This interrupts each CPU.
 */
int reader_deaf_cpu(const struct reader *reader);

/* The newest stream's perf event array, for CPUs that come online. */
void reader_set_map(struct reader *reader, int map_fd);

enum row_kind {
	ROW_TABLE,
	ROW_JSON,
	ROW_CSV,
};

struct format_request {
	uint32_t kind; /* enum row_kind */
	bool color;
	int64_t wall_offset; /* ns: CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct layout layout;
	const struct column *columns; /* must live as long as the stream */
	uint32_t column_count;
};

/* How the newest stream's rows look. Comes before all below. */
int reader_set_format(struct reader *reader,
		      const struct format_request *request);

/*
 * Say who the callers are, from here on; without this, their addresses are
 * shown. Once is enough.
 */
int reader_name_callers(struct reader *reader);

struct awaited_open {
	const char *path; /* NULL: it has none that can be read */
	uint32_t pid;
	int32_t ret;
};

/*
 * Drop records up to the one of this open; the trace begins behind it. Records
 * of older streams are shown. Returns 1 when it was there, 0 when `timeout_ms`
 * went by without it, -EAGAIN where an older stream's rows find no room and
 * nothing is known.
 */
int reader_await_open(struct reader *reader, const struct awaited_open *open,
		      int timeout_ms);

/*
 * Opens by this process are the tool's own, which are not shown. The first is
 * the trace itself; the others end.
 */
void reader_add_own_process(struct reader *reader, uint32_t pid);
void reader_end_own_process(struct reader *reader, uint32_t pid);

/*
 * Rows go to `fd`, `count` of them at most (0: no limit). By line: each row is
 * written by itself, as soon as it is made.
 */
int reader_start(struct reader *reader, int fd, uint64_t count, bool by_line);

/*
 * Show only opens of names that these patterns want; `globs` stays the
 * caller's, and is needed as long as the reader is.
 */
void reader_set_globs(struct reader *reader, const struct glob *globs,
		      unsigned int count);

/*
 * Text that isn't a row: the heading. That of a further stream comes before
 * its rows, each time that they follow those of a stream with another heading.
 * In a recording: JSON that describes the records.
 */
int reader_put_heading(struct reader *reader, const char *text);

/* Only records that meet these have rows. */
int reader_set_conditions(struct reader *reader, const struct condition *all,
			  uint32_t count, const struct wanted_bits *wanted,
			  uint32_t wanted_count);

/*
 * The same as reader_start(), but what goes to `fd` is a recording; and JSON
 * with what isn't in it. -EIO: there is no room for that now.
 */
int reader_start_recording(struct reader *reader, int fd, uint64_t count);
int reader_put_counts(struct reader *reader, const char *json);

/*
 * The same, but records are counted, and only other text goes to `fd`; and
 * the counts, see counts.h.
 */
struct tally;

int reader_start_tally(struct reader *reader, int fd);
struct tally *reader_tally(struct reader *reader);

/* Text that is neither row nor heading. -EIO: there is no room for it now. */
int reader_put_text(struct reader *reader, const char *text);

/*
 * Wait for records, `timeout_ms` at most or until a signal, and write the
 * rows of those that are in order. Returns an enum reader_state.
 */
int reader_poll(struct reader *reader, int timeout_ms);

/*
 * Write the rows of all that is older than `until` (ns, CLOCK_MONOTONIC), the
 * end of the trace; gives up on a pipe that takes nothing.
 */
int reader_finish(struct reader *reader, uint64_t until);

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts);
/* The errno of the write that failed, or 0. */
int reader_output_error(const struct reader *reader);

#endif
