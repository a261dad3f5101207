// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strdup */
#include "pipeline/stream_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/reader_data.h"

static void use_format_of(struct reader *reader, const struct stream *stream)
{
	reader->format.layout = stream->layout;
	reader->format.columns = stream->columns;
	reader->format.column_count = stream->column_count;
	reader->row_bound = stream->row_bound;
}

static row_writer *const writers[] = {
	[ROW_TABLE] = put_table_row,
	[ROW_JSON] = put_json_row,
	[ROW_CSV] = put_csv_row,
};

int reader_set_format(struct reader *reader,
		      const struct format_request *request)
{
	struct stream *stream = &reader->streams[reader->newest];
	struct row_format format = {
		.columns = request->columns,
		.column_count = request->column_count,
		.layout = request->layout,
	};

	stream->columns = request->columns;
	stream->column_count = request->column_count;
	stream->layout = request->layout;
	reader->merge.ts[reader->newest] = request->layout.ts;
	reader->format.color = request->color;
	reader->format.clock.wall_offset = request->wall_offset;
	reader->put_row = writers[request->kind];
	stream->row_bound = longest_row(&format);
	if (reader->newest != reader->current)
		return 0;
	use_format_of(reader, stream);
	return reader->output.buffer
		       ? output_make_room(&reader->output, stream->row_bound)
		       : 0;
}

bool put_plain_text(struct reader *reader, const char *text)
{
	size_t size = strlen(text);
	char *out = NULL;

	if (output_make_room(&reader->output, size) == 0)
		out = output_reserve(&reader->output, size);
	if (!out)
		return false;
	memcpy(out, text, size);
	output_commit(&reader->output, out + size);
	return true;
}

/* Unless it is the last heading written. False if there is no room. */
static bool show_heading(struct reader *reader, const struct stream *stream)
{
	const char *heading = stream->heading;
	char *copy;

	if (!heading || (reader->heading && !strcmp(heading, reader->heading)))
		return true;
	copy = strdup(heading);
	if (!copy || !reader->put_heading(reader, heading)) {
		free(copy);
		return false;
	}
	free(reader->heading);
	reader->heading = copy;
	return true;
}

int reader_put_heading(struct reader *reader, const char *text)
{
	struct stream *stream = &reader->streams[reader->newest];

	free(stream->heading);
	stream->heading = strdup(text);
	if (!stream->heading)
		return -ENOMEM;
	if (reader->newest == reader->current && !show_heading(reader, stream))
		return -EIO;
	return 0;
}

int reader_put_text(struct reader *reader, const char *text)
{
	return put_plain_text(reader, text) ? 0 : -EIO;
}

static bool turn_to(struct reader *reader, uint32_t number)
{
	const struct stream *stream = &reader->streams[number];

	if (output_make_room(&reader->output, stream->row_bound) < 0 ||
	    !show_heading(reader, stream))
		return false;
	reader->current = number;
	use_format_of(reader, stream);
	return true;
}

bool follow_stream(struct reader *reader, const struct record *record)
{
	return record->stream == reader->current ||
	       turn_to(reader, record->stream);
}
