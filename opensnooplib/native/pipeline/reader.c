// SPDX-License-Identifier: Apache-2.0
#include "pipeline/reader.h"

#include <errno.h>

/* How long one write waits for a full pipe, at the end of the trace. */
#define LAST_WRITE_WAIT_MS 1000

static enum verdict count_undelivered(void *context,
				      const struct record *record)
{
	struct reader *reader = context;

	reader->undelivered += is_wanted(reader, record);
	return CONSUMED;
}

int reader_poll(struct reader *reader, int timeout_ms)
{
	uint64_t until;

	wait_for_records(reader, timeout_ms);
	until = merge_ordered_until();
	reader->is_blocked = false;
	if (reader->format.callers)
		mappings_read(&reader->format.callers->mappings);
	if (!all_rows_shown(reader))
		reader->records_wait = merge_drain(&reader->merge, until,
						   reader->consume, reader);
	if (!reader->is_blocked)
		reader->read_until = until;
	if (reader->format.callers)
		mappings_follow(&reader->format.callers->mappings);
	output_flush(&reader->output);
	return (int)output_state(reader);
}

uint64_t reader_read_until(const struct reader *reader)
{
	return reader->read_until;
}

int reader_finish(struct reader *reader, uint64_t until)
{
	reader->output.wait_ms = LAST_WRITE_WAIT_MS;
	reader->is_blocked = false;
	/* A ring that is nearly full is drained whatever the time. */
	if (until > 0 && !all_rows_shown(reader))
		merge_drain(&reader->merge, until, reader->consume, reader);
	/* If all rows are shown, the records that are left came too late. */
	if (reader->is_blocked)
		merge_drain(&reader->merge, until, count_undelivered, reader);
	if (!output_flush(&reader->output) && !reader->output.error)
		reader->output.error = ETIMEDOUT;
	if (!reader->output.error && output_is_lost(&reader->output))
		reader->output.error = ESTALE;
	return (int)output_state(reader);
}

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts)
{
	*counts = reader->counts;
	counts->shown = reader->rows - reader->output.rows;
	counts->unwritten = reader->output.rows + reader->undelivered;
	counts->error = (uint64_t)reader->output.error;
	counts->offset = reader->recording.offset;
}
