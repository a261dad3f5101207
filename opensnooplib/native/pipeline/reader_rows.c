// SPDX-License-Identifier: Apache-2.0
/*
 * What a reader makes of records: the rows of those that were asked for.
 */
#define _GNU_SOURCE
#include "pipeline/reader_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void use_format_of(struct reader *reader, const struct stream *stream)
{
	reader->format.layout = stream->layout;
	reader->format.columns = stream->columns;
	reader->format.column_count = stream->column_count;
	reader->row_bound = stream->row_bound;
}

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
	switch (request->kind) {
	case ROW_JSON:
		reader->put_row = put_json_row;
		stream->row_bound = json_row_bound(&format);
		break;
	case ROW_CSV:
		reader->put_row = put_csv_row;
		stream->row_bound = csv_row_bound(&format);
		break;
	default:
		reader->put_row = put_table_row;
		stream->row_bound = table_row_bound(&format);
	}
	if (reader->newest != reader->current)
		return 0;
	use_format_of(reader, stream);
	return reader->output.buffer
		       ? output_make_room(&reader->output, stream->row_bound)
		       : 0;
}

static bool put(struct output *output, const char *text)
{
	size_t size = strlen(text);
	char *out = NULL;

	if (output_make_room(output, size) == 0)
		out = output_reserve(output, size);
	if (!out)
		return false;
	memcpy(out, text, size);
	output_commit(output, out + size);
	return true;
}

/* Unless it stands there already. False where there is no room. */
static bool show_heading(struct reader *reader, const struct stream *stream)
{
	const char *heading = stream->heading;
	char *copy;

	if (!heading || (reader->heading && !strcmp(heading, reader->heading)))
		return true;
	copy = strdup(heading);
	if (!copy || !(reader->keeps ? put_description(reader, heading)
				     : put(&reader->output, heading))) {
		free(copy);
		return false;
	}
	free(reader->heading);
	reader->heading = copy;
	return true;
}

void reader_set_globs(struct reader *reader, const struct glob *globs,
		      unsigned int count)
{
	reader->globs = globs;
	reader->glob_count = count;
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
	return put(&reader->output, text) ? 0 : -EIO;
}

/* From here on rows are this stream's. False where there is no room. */
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

/* For a record without a time: how long ago it may have been made. */
#define READ_WITHIN_NS (200 * 1000 * 1000)

static bool is_own(const struct reader *reader, const struct record *record)
{
	const struct layout *layout = &reader->streams[record->stream].layout;
	uint64_t pid;
	uint64_t ts;

	if (!record_unsigned(record, layout->pid, &pid))
		return false;
	if (!record_unsigned(record, layout->ts, &ts))
		ts = kernel_clock_ns() - READ_WITHIN_NS;
	return own_processes_did(&reader->own, (uint32_t)pid, ts);
}

/* Is it among the opens that were asked for? */
bool is_wanted(struct reader *reader, const struct record *record)
{
	const struct layout *layout = &reader->streams[record->stream].layout;
	struct text path;
	enum path_state state;

	if (is_own(reader, record) ||
	    !conditions_met(&reader->conditions, record))
		return false;
	if (reader->glob_count == 0)
		return true;
	state = full_path(record, layout, reader->format.host_mounts,
			  reader->format.path_room, &path);
	return path_is_wanted(reader->globs, reader->glob_count, path, state);
}

bool follow_stream(struct reader *reader, const struct record *record)
{
	return record->stream == reader->current ||
	       turn_to(reader, record->stream);
}

int reader_set_conditions(struct reader *reader, const struct condition *all,
			  uint32_t count, const struct wanted_bits *wanted,
			  uint32_t wanted_count)
{
	return conditions_set(&reader->conditions, all, count, wanted,
			      wanted_count);
}

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
				FLUSH_MS, line_at);

	reader->rows_wanted = count;
	reader->consume = show_record;
	reader->output.by_line = by_line || isatty(fd);
	return error;
}
