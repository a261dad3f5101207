// SPDX-License-Identifier: Apache-2.0
/*
 * Record writer: writes each record that is selected, as a row or, unchanged,
 * into a recording, with the heading of its stream above it; or counts it.
 */
#define _GNU_SOURCE /* strdup */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/put_string.h"
#include "pipeline/reader.h"
#include "rows/quoting.h"

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

/* Write the heading, unless it is the last one written. False: no room. */
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

/*
 * Write in the format of this stream from here on, after its heading. False if
 * there is no room for the heading, or no memory.
 */
static bool turn_to(struct reader *reader, uint32_t number)
{
	const struct stream *stream = &reader->streams[number];
	const struct format_request *request = &stream->format;
	char *room;

	if (number == reader->current)
		return true;
	reader->current = STREAMS_MAX; /* none, if this fails */
	if (!show_heading(reader, stream))
		return false;
	reader->format.layout = request->layout;
	/* Of its own: counts don't wait for the output. */
	room = realloc(reader->group_room,
		       longest_row(&request->layout, &request->group));
	if (!room)
		return false;
	reader->group_room = room;
	reader->row_bound = longest_row(&request->layout, &request->columns);
	if (reader->row_bound < RECORD_BLOCK_BOUND)
		reader->row_bound = RECORD_BLOCK_BOUND;
	if (reader->output.buffer &&
	    output_make_room(&reader->output, reader->row_bound) < 0)
		return false;
	reader->current = number;
	return true;
}

int reader_set_format(struct reader *reader, uint32_t stream,
		      const struct format_request *request)
{
	reader->streams[stream].format = *request;
	reader->merge.ts[stream] = request->layout.ts;
	reader->format.clock.wall_offset = request->wall_offset;
	/* Beside lines, there may be rows: those of an older program set. */
	if (request->kind != ROW_LINE) {
		reader->kind = request->kind;
		reader->newest = stream;
	}
	if (stream != reader->current)
		return 0;
	reader->current = STREAMS_MAX;
	return turn_to(reader, stream) ? 0 : -ENOMEM;
}

int reader_put_heading(struct reader *reader, uint32_t number, const char *text)
{
	struct stream *stream = &reader->streams[number];

	free(stream->heading);
	stream->heading = strdup(text);
	if (!stream->heading)
		return -ENOMEM;
	if (number != reader->current && reader->heading)
		return 0;
	if (!turn_to(reader, number) || !show_heading(reader, stream))
		return -EIO;
	return 0;
}

int reader_put_text(struct reader *reader, const char *text)
{
	if (!put_text(reader, BLOCK_COUNTS, text))
		return -EIO;
	output_flush(&reader->output);
	return 0;
}

/* Is it a row that counts? Of an open under way, the one at its end does. */
static bool count_row(struct reader *reader, const struct record *record)
{
	const struct layout *layout = &reader->format.layout;
	enum path_state state = full_path_state(record, layout);
	int64_t ret = 0;

	record_signed(record, layout->ret, &ret);
	if (ret == UNDER_WAY)
		return false;
	reader->rows++;
	reader->counts.unreadable += state == PATH_UNREADABLE;
	reader->counts.cut += state == PATH_CUT || state == PATH_TOP_CUT;
	reader->counts.unsure += ret == UNKNOWN_RESULT;
	return true;
}

/*
 * Write a line of bpf_trace_printk(), which is the whole record, to stderr. Its
 * size is at most BPF_TRACE_PRINTK_SIZE of kernel/trace/bpf_trace.c.
 */
static enum verdict print_line(const struct record *record)
{
	struct text text = record_text(record, (struct field){0, 1024});
	char line[SHELL_TEXT_BOUND(1024)];
	char *end;

	if (text.size > 0 && text.bytes[text.size - 1] == '\n')
		text.size--;
	end = put_shell_text(line, text.bytes, text.size, false, false);
	dprintf(STDERR_FILENO, "%.*s\n", (int)(end - line), line);
	return CONSUMED;
}

/* The row of the record's group, line end included; empty: it has none. */
static struct text group_of(struct reader *reader, const struct record *record)
{
	const struct format_request *request =
		&reader->streams[record->stream].format;
	struct row row = {&reader->format, &request->group, record};
	row_writer *put = request->group_as_json ? put_json_row : put_table_row;
	char *start = reader->group_room;
	char *end = request->group.count > 0 ? put(start, &row) : start;

	return (struct text){(unsigned char *)start, (size_t)(end - start)};
}

static enum verdict write_record(struct reader *reader,
				 const struct record *record)
{
	struct row_format *format = &reader->format;
	const struct stream *stream = &reader->streams[record->stream];
	struct row row = {format, &stream->format.columns, record};
	struct text group;
	char *out = NULL;
	uint64_t ts = 0;

	if (turn_to(reader, record->stream))
		out = output_reserve(&reader->output, reader->row_bound);
	reader->is_blocked = !out;
	if (!out)
		return NOT_CONSUMED;
	group = group_of(reader, record);
	if (group.size > 0 && !tally_first(&reader->tally, group))
		return CONSUMED; /* there has been a row of it: --once */
	record_unsigned(record, format->layout.ts, &ts);
	if (format->first_ts == 0)
		format->first_ts = format->last_ts = ts;
	out = reader->kind == ROW_BLOCK
		      ? put_block(out, BLOCK_RECORD, record->data, record->size)
		      : row_writers[reader->kind](out, &row);
	format->last_ts = ts;
	output_commit(&reader->output, out, count_row(reader, record));
	return all_rows_shown(reader) ? CONSUMED_ENOUGH : CONSUMED;
}

static enum verdict count_record(struct reader *reader,
				 const struct record *record)
{
	if (!turn_to(reader, record->stream) ||
	    !tally_record(&reader->tally, &reader->format.layout,
			  reader->format.host_mounts, reader->format.path_room,
			  record, group_of(reader, record)))
		return NOT_CONSUMED;
	count_row(reader, record);
	return CONSUMED;
}

static enum verdict take_record(void *context, const struct record *record)
{
	struct reader *reader = context;
	enum verdict verdict;

	if (!is_wanted(reader, record))
		return CONSUMED;
	if (reader->streams[record->stream].format.kind == ROW_LINE)
		return print_line(record);
	verdict = reader->kind == ROW_COUNTED ? count_record(reader, record)
					      : write_record(reader, record);
	if (verdict != CONSUMED || !is_last(reader, record))
		return verdict;
	reader->rows_wanted = reader->rows;
	return CONSUMED_ENOUGH;
}

int reader_put_record(struct reader *reader, uint32_t stream, const void *data,
		      uint32_t size)
{
	struct record record = {data, size, stream, 0, true};

	return !is_wanted(reader, &record) ||
	       write_record(reader, &record) != NOT_CONSUMED;
}

struct tally *reader_tally(struct reader *reader)
{
	return &reader->tally;
}

/*
 * Records gather before they are read, since to wake up costs as much as to
 * keep or count hundreds of them: until a ring would be a quarter full, at the
 * highest rate at which one CPU was seen to send. At most 10 ms.
 */
#define BYTES_IN_1_MS (64 * 1024)

static void put_header(struct output *output)
{
	struct recording_header header = {
		.byte_order = RECORDING_BYTE_ORDER,
		.version = RECORDING_VERSION,
	};
	char *out = output_reserve(output, sizeof(header));

	memcpy(header.magic, RECORDING_MAGIC, sizeof(header.magic));
	memcpy(out, &header, sizeof(header));
	output_commit(output, out + sizeof(header), false);
}

void reader_set_output(struct reader *reader, int fd)
{
	output_open(&reader->output, fd, WRITE_WAIT_MS);
}

bool reader_turn_output(struct reader *reader, int fd)
{
	bool is_lost = output_is_lost(&reader->output);

	output_turn(&reader->output, fd);
	put_header(&reader->output);
	free(reader->heading);
	reader->heading = NULL;
	reader->current = STREAMS_MAX;
	return is_lost;
}

int reader_start(struct reader *reader, uint64_t count, bool by_line)
{
	int error = output_make_room(&reader->output, reader->row_bound);
	uint64_t ms = reader->merge.rings[0].size / 4 / BYTES_IN_1_MS;

	reader->rows_wanted = count;
	reader->consume = take_record;
	reader->output.by_line = by_line || isatty(reader->output.fd);
	/* Rows don't gather: a person waits for them. */
	if (reader->merge.ring_count > 0 && reader->kind >= ROW_BLOCK)
		reader->gather_ms = ms < 10 ? (int)ms : 10;
	if (reader->kind == ROW_BLOCK && !error)
		put_header(&reader->output);
	return error;
}
