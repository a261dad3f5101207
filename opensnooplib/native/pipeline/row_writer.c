// SPDX-License-Identifier: Apache-2.0
#include "pipeline/row_writer.h"

#include <unistd.h>

#include "pipeline/progress.h"
#include "pipeline/reader_data.h"
#include "pipeline/selection.h"
#include "pipeline/stream_format.h"

static enum verdict show_record(void *context, const struct record *record)
{
	struct reader *reader = context;
	struct row_format *format = &reader->format;
	uint64_t ts = 0;
	char *out;

	if (!is_wanted(reader, record))
		return CONSUMED;
	if (!follow_stream(reader, record))
		return NOT_CONSUMED;
	out = output_reserve(&reader->output, reader->row_bound);
	if (!out)
		return NOT_CONSUMED;
	record_unsigned(record, format->layout.ts, &ts);
	if (reader->rows == 0)
		format->first_ts = format->last_ts = ts;
	out = reader->put_row(out, format, record);
	format->last_ts = ts;
	output_commit(&reader->output, out);
	count_row(reader, record);
	return all_rows_shown(reader) ? CONSUMED_ENOUGH : CONSUMED;
}

int reader_start(struct reader *reader, int fd, uint64_t count, bool by_line)
{
	int error = output_init(&reader->output, fd, reader->row_bound,
				WRITE_WAIT_MS, line_at);

	reader->rows_wanted = count;
	reader->consume = show_record;
	reader->put_heading = put_plain_text;
	reader->output.by_line = by_line || isatty(fd);
	return error;
}
