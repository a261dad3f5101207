// SPDX-License-Identifier: Apache-2.0
/*
 * Awaited open: an open that the tool makes itself, whose record proves that
 * the programs work.
 */
#include <errno.h>
#include <string.h>

#include "base/kernel_clock.h"
#include "pipeline/reader.h"

/* How often the awaited record is looked for. */
#define AWAIT_INTERVAL_MS 1

struct waiting {
	struct reader *reader;
	const char *path; /* NULL: a path that can't be read */
	uint32_t pid;
	int32_t ret;
	bool seen;
};

static bool has_path(struct reader *reader, const struct layout *layout,
		     const struct record *record, const char *wanted)
{
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
	const struct layout *layout =
		&reader->streams[record->stream].format.layout;
	uint64_t pid;
	int64_t ret;

	/* Those of older streams are shown. */
	if (record->stream != reader->newest)
		return all_rows_shown(reader) ? CONSUMED
					      : reader->consume(reader, record);
	waiting->seen = has_path(reader, layout, record, waiting->path) &&
			(!record_unsigned(record, layout->pid, &pid) ||
			 pid == waiting->pid) &&
			(!record_signed(record, layout->ret, &ret) ||
			 ret == waiting->ret);
	return waiting->seen ? CONSUMED_ENOUGH : CONSUMED;
}

int reader_await_open(struct reader *reader, const char *path, uint32_t pid,
		      int32_t ret, int timeout_ms)
{
	struct waiting waiting = {reader, path, pid, ret, false};
	uint64_t deadline = kernel_clock_ns() + (uint64_t)timeout_ms * 1000000;

	reader->is_blocked = false;
	for (;;) {
		/* Only rows of older streams are shown, and so in order. */
		uint64_t until = reader->newest > 0 ? merge_ordered_until()
						    : kernel_clock_ns();

		reader->records_wait = merge_drain(
			&reader->merge, until, compare_with_awaited, &waiting);
		output_flush(&reader->output);
		if (waiting.seen || kernel_clock_ns() > deadline)
			break;
		wait_for_records(reader, AWAIT_INTERVAL_MS);
	}
	return !waiting.seen && reader->is_blocked ? -EAGAIN : waiting.seen;
}
