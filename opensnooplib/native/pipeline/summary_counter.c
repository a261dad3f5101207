// SPDX-License-Identifier: Apache-2.0
#include "pipeline/summary_counter.h"

#include "pipeline/progress.h"
#include "pipeline/reader_data.h"
#include "pipeline/selection.h"
#include "pipeline/stream_format.h"

static enum verdict count_record(void *context, const struct record *record)
{
	struct reader *reader = context;

	if (!is_wanted(reader, record))
		return CONSUMED;
	if (!follow_stream(reader, record) ||
	    !tally_record(&reader->tally, &reader->format.layout,
			  reader->format.host_mounts, record))
		return NOT_CONSUMED;
	count_row(reader, record);
	return CONSUMED;
}

int reader_start_tally(struct reader *reader, int fd)
{
	reader->consume = count_record;
	reader->put_heading = put_plain_text;
	return output_init(&reader->output, fd, reader->row_bound,
			   WRITE_WAIT_MS, line_at);
}

struct tally *reader_tally(struct reader *reader)
{
	return &reader->tally;
}
