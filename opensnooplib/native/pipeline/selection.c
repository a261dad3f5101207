// SPDX-License-Identifier: Apache-2.0
#include "pipeline/selection.h"

#include "base/kernel_clock.h"
#include "pipeline/reader_data.h"

/* How old a record without a time may be when it is read. */
#define RECORD_AGE_MAX_NS (200 * 1000 * 1000)

void reader_add_own_process(struct reader *reader, uint32_t pid)
{
	own_processes_add(&reader->own, pid);
}

void reader_end_own_process(struct reader *reader, uint32_t pid)
{
	own_processes_end(&reader->own, pid, kernel_clock_ns());
}

static bool is_own(const struct reader *reader, const struct record *record)
{
	const struct layout *layout =
		&reader->streams[record->stream].format.layout;
	uint64_t pid;
	uint64_t ts;

	if (!record_unsigned(record, layout->pid, &pid))
		return false;
	if (!record_unsigned(record, layout->ts, &ts))
		ts = kernel_clock_ns() - RECORD_AGE_MAX_NS;
	return own_processes_had(&reader->own, (uint32_t)pid, ts);
}

bool is_wanted(struct reader *reader, const struct record *record)
{
	const struct format_request *format =
		&reader->streams[record->stream].format;
	struct text path;
	enum path_state state;

	if (is_own(reader, record) ||
	    !conditions_met(format->conditions, format->condition_count,
			    record))
		return false;
	if (format->glob_count == 0)
		return true;
	state = full_path(record, &format->layout, reader->format.host_mounts,
			  reader->format.path_room, &path);
	return path_is_wanted(format->globs, format->glob_count, path, state);
}
