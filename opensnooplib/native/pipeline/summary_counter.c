// SPDX-License-Identifier: Apache-2.0
#include "pipeline/summary_counter.h"

#include "pipeline/reader_data.h"
#include "pipeline/selection.h"

static enum verdict count_record(void *context, const struct record *record)
{
	struct reader *reader = context;

	if (!is_wanted(reader, record))
		return CONSUMED;
	return tally_record(&reader->tally, &reader->format.layout, record)
		       ? CONSUMED
		       : NOT_CONSUMED;
}

int reader_start_tally(struct reader *reader, int fd)
{
	reader->consume = count_record;
	return output_init(&reader->output, fd, reader->row_bound,
			   WRITE_WAIT_MS);
}

struct tally *reader_tally(struct reader *reader)
{
	return &reader->tally;
}
