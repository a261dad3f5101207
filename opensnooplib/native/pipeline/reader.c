// SPDX-License-Identifier: Apache-2.0
/*
 * A reader at work: waits for records, takes them in order, passes them on.
 * Its rings are in reader_rings.c, its rows in reader_rows.c.
 */
#define _GNU_SOURCE
#include "pipeline/reader_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

/*
 * A record's time is taken a moment before the record is complete. One that
 * is younger than this waits for what a slower CPU may still be writing: in a
 * virtual machine a CPU can stand still for many milliseconds.
 */
#define HOLD_BACK_NS (20 * 1000 * 1000)
#define HOLD_BACK_MS 20

/* How often the one record that is awaited is looked for. */
#define LOOK_MS 1

/* Up to which time records are in order now. */
static uint64_t ordered_until(void)
{
	return kernel_clock_ns() - HOLD_BACK_NS;
}

static void wait_for_records(struct reader *reader, int timeout_ms)
{
	struct epoll_event event;

	if (reader->records_wait && !reader->gathers &&
	    timeout_ms > HOLD_BACK_MS)
		timeout_ms = HOLD_BACK_MS;
	if (epoll_wait(reader->epoll_fd, &event, 1, timeout_ms) > 0 &&
	    reader->gathers)
		nanosleep(&reader->gathering, NULL);
}

void reader_add_own_process(struct reader *reader, uint32_t pid)
{
	own_processes_add(&reader->own, pid);
}

void reader_end_own_process(struct reader *reader, uint32_t pid)
{
	own_processes_end(&reader->own, pid, kernel_clock_ns());
}

struct waiting {
	struct reader *reader;
	const struct awaited_open *open;
	bool seen;
	bool is_blocked; /* by rows of older streams that find no room */
};

static enum verdict show_older(struct waiting *waiting,
			       const struct record *record)
{
	struct reader *reader = waiting->reader;
	enum verdict verdict = all_rows_shown(reader)
				       ? CONSUMED
				       : reader->consume(reader, record);

	waiting->is_blocked = verdict == NOT_CONSUMED;
	return verdict;
}

static bool has_path(struct reader *reader, const struct record *record,
		     const char *wanted)
{
	const struct layout *layout = &reader->streams[record->stream].layout;
	struct text path;
	enum path_state state =
		full_path(record, layout, reader->format.host_mounts,
			  reader->format.path_room, &path);

	if (!wanted)
		return state == PATH_UNREADABLE;
	return state == PATH_WHOLE && path.size == strlen(wanted) &&
	       memcmp(path.bytes, wanted, path.size) == 0;
}

static enum verdict compare_with_awaited(void *context,
					 const struct record *record)
{
	struct waiting *waiting = context;
	struct reader *reader = waiting->reader;
	const struct layout *layout = &reader->streams[record->stream].layout;
	const struct awaited_open *open = waiting->open;
	uint64_t pid;
	int64_t ret;

	if (record->stream != reader->newest)
		return show_older(waiting, record);
	if (!has_path(reader, record, open->path))
		return CONSUMED;
	if (record_unsigned(record, layout->pid, &pid) && pid != open->pid)
		return CONSUMED;
	if (record_signed(record, layout->ret, &ret) && ret != open->ret)
		return CONSUMED;
	waiting->seen = true;
	return CONSUMED_ENOUGH;
}

int reader_await_open(struct reader *reader, const struct awaited_open *open,
		      int timeout_ms)
{
	struct waiting waiting = {.reader = reader, .open = open};
	uint64_t deadline = kernel_clock_ns() + (uint64_t)timeout_ms * 1000000;

	for (;;) {
		reader->records_wait =
			merge_drain(&reader->merge, ordered_until(),
				    compare_with_awaited, &waiting);
		output_flush(&reader->output);
		if (waiting.seen || kernel_clock_ns() > deadline)
			break;
		wait_for_records(reader, LOOK_MS);
	}
	return !waiting.seen && waiting.is_blocked ? -EAGAIN : waiting.seen;
}

struct last_rows {
	struct reader *reader;
	bool is_blocked; /* no row can go out any more */
};

static enum verdict show_last(void *context, const struct record *record)
{
	struct last_rows *last = context;
	enum verdict verdict = last->reader->consume(last->reader, record);

	last->is_blocked = verdict == NOT_CONSUMED;
	return verdict;
}

static enum verdict count_undelivered(void *context,
				      const struct record *record)
{
	struct reader *reader = context;

	reader->undelivered += is_wanted(reader, record);
	return CONSUMED;
}

int state_of(const struct reader *reader)
{
	if (reader->output.error == EPIPE)
		return READER_OUTPUT_CLOSED;
	if (reader->output.error)
		return READER_OUTPUT_FAILED;
	if (all_rows_shown(reader))
		return READER_COUNT_REACHED;
	return READER_GOES_ON;
}

int reader_poll(struct reader *reader, int timeout_ms)
{
	wait_for_records(reader, timeout_ms);
	if (reader->format.callers)
		mappings_follow(&reader->format.callers->mappings);
	if (!all_rows_shown(reader))
		reader->records_wait =
			merge_drain(&reader->merge, ordered_until(),
				    reader->consume, reader);
	output_flush(&reader->output);
	return state_of(reader);
}

int reader_finish(struct reader *reader, uint64_t until)
{
	struct last_rows last = {.reader = reader};

	reader->output.patience_ms = LAST_FLUSH_MS;
	if (reader->format.callers)
		callers_hurry(reader->format.callers);
	if (!all_rows_shown(reader))
		merge_drain(&reader->merge, until, show_last, &last);
	/* Else what is in the rings now came when the trace had ended. */
	if (last.is_blocked)
		merge_drain(&reader->merge, until, count_undelivered, reader);
	if (!output_flush(&reader->output) && !reader->output.error)
		reader->output.error = ETIMEDOUT;
	if (!reader->output.error && output_is_lost(&reader->output))
		reader->output.error = ESTALE;
	return state_of(reader);
}

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts)
{
	uint64_t unwritten = output_rows_left(&reader->output);

	/* The heading can be among what is left. */
	if (unwritten > reader->rows)
		unwritten = reader->rows;
	counts->shown = reader->rows - unwritten;
	counts->unwritten = unwritten + reader->undelivered;
	counts->unreadable = reader->unreadable;
	counts->cut = reader->cut;
}

int reader_output_error(const struct reader *reader)
{
	return reader->output.error;
}
