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

/*
 * By its field pid, or since one of the tool's own processes sent it: what the
 * tool does, it does for the records before.
 */
static bool is_own(const struct reader *reader, const struct record *record)
{
	const struct format_request *format =
		&reader->streams[record->stream].format;
	uint64_t pid = 0;
	uint64_t task = format->in_any_task ? 0 : record->pid;
	uint64_t ts;

	record_unsigned(record, format->layout.pid, &pid);
	if (format->shows_own || !(pid || task))
		return false;
	if (!record_unsigned(record, format->layout.ts, &ts))
		ts = kernel_clock_ns() - RECORD_AGE_MAX_NS;
	return own_processes_had(&reader->own, (uint32_t)pid, ts) ||
	       own_processes_had(&reader->own, (uint32_t)task, ts);
}

/*
 * Does the record meet the filter? It does where that is uncertain, unless
 * `surely`: then a path is compared as it is shown, also if it was cut.
 */
static bool fits(struct reader *reader, const struct filter *filter,
		 const struct record *record, bool surely)
{
	const struct layout *layout =
		&reader->streams[record->stream].format.layout;
	enum path_state state;
	struct text shown;
	struct text given;

	if (!conditions_met(filter->conditions, filter->condition_count,
			    record))
		return false;
	if (filter->glob_count == 0)
		return true;
	record_path(record, layout, &given);
	state = full_path(record, layout, reader->format.host_mounts,
			  reader->format.path_room, &shown);
	if (surely && state == PATH_UNREADABLE)
		return false;
	return path_is_wanted(filter->globs, filter->glob_count, shown, given,
			      surely ? PATH_WHOLE : state);
}

bool is_wanted(struct reader *reader, const struct record *record)
{
	return !is_own(reader, record) &&
	       fits(reader, &reader->streams[record->stream].format.wanted,
		    record, false);
}

bool is_last(struct reader *reader, const struct record *record)
{
	const struct filter *last =
		&reader->streams[record->stream].format.last;

	return last->condition_count + last->glob_count > 0 &&
	       fits(reader, last, record, true);
}
