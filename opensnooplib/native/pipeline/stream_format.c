// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strdup */
#include "pipeline/stream_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/put_string.h"
#include "pipeline/reader.h"

/* The largest block of a record: perf_event_header.size has 16 bits. */
#define RECORD_BLOCK_BOUND (sizeof(struct block_header) + UINT16_MAX)

/* Write text as it is, or as a block of this type. False: there is no room. */
static bool put_text(struct reader *reader, enum block_type type,
		     const char *text)
{
	size_t size = strlen(text);
	size_t bound = sizeof(struct block_header) + size;
	char *out = NULL;

	if (reader->kind == ROW_BLOCK && size > BLOCK_BODY_MAX)
		return false;
	if (output_make_room(&reader->output, bound) == 0)
		out = output_reserve(&reader->output, bound);
	if (!out)
		return false;
	out = reader->kind == ROW_BLOCK
		      ? put_block(out, type, text, (uint32_t)size)
		      : put_bytes(out, text, size);
	output_commit(&reader->output, out, false);
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
	if (!copy || !put_text(reader, BLOCK_DESCRIPTION, heading)) {
		free(copy);
		return false;
	}
	free(reader->heading);
	reader->heading = copy;
	return true;
}

static bool turn_to(struct reader *reader, uint32_t number)
{
	const struct stream *stream = &reader->streams[number];

	reader->current = STREAMS_MAX; /* none, if this fails */
	if (!show_heading(reader, stream))
		return false;
	reader->format.layout = stream->layout;
	reader->format.columns = stream->columns;
	reader->format.column_count = stream->column_count;
	reader->row_bound = longest_row(&reader->format);
	if (reader->row_bound < RECORD_BLOCK_BOUND)
		reader->row_bound = RECORD_BLOCK_BOUND;
	if (reader->output.buffer &&
	    output_make_room(&reader->output, reader->row_bound) < 0)
		return false;
	reader->current = number;
	return true;
}

bool follow_stream(struct reader *reader, const struct record *record)
{
	return record->stream == reader->current ||
	       turn_to(reader, record->stream);
}

int reader_set_format(struct reader *reader,
		      const struct format_request *request)
{
	struct stream *stream = &reader->streams[reader->newest];

	stream->map_fd = request->map_fd;
	stream->columns = request->columns;
	stream->column_count = request->column_count;
	stream->layout = request->layout;
	reader->merge.ts[reader->newest] = request->layout.ts;
	reader->record_least = request->record_least;
	reader->format.color = request->color;
	reader->format.clock.wall_offset = request->wall_offset;
	reader->kind = request->kind;
	if (reader->newest == reader->current &&
	    !turn_to(reader, reader->newest))
		return -ENOMEM;
	return 0;
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
	return put_text(reader, BLOCK_COUNTS, text) ? 0 : -EIO;
}
