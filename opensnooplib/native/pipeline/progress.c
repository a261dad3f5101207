// SPDX-License-Identifier: Apache-2.0
#include "pipeline/progress.h"

#include <errno.h>

#include "pipeline/reader_data.h"

bool all_rows_shown(const struct reader *reader)
{
	return reader->rows_wanted > 0 && reader->rows >= reader->rows_wanted;
}

void count_row(struct reader *reader, const struct record *record)
{
	enum path_state state = full_path_state(record, &reader->format.layout);

	reader->rows++;
	reader->unreadable += state == PATH_UNREADABLE;
	reader->cut += state == PATH_CUT || state == PATH_TOP_CUT;
}

enum reader_state output_state(const struct reader *reader)
{
	if (reader->output.error == EPIPE)
		return READER_OUTPUT_CLOSED;
	if (reader->output.error)
		return READER_OUTPUT_FAILED;
	if (all_rows_shown(reader))
		return READER_COUNT_REACHED;
	return READER_RUNNING;
}

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts)
{
	uint64_t unwritten = output_rows_left(&reader->output);

	/* The heading can be among the rows that are left. */
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
