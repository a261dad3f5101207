// SPDX-License-Identifier: Apache-2.0
/*
 * Record writer: writes each record that is selected, as a row or, unchanged,
 * into a recording.
 */
#include <string.h>
#include <unistd.h>

#include "pipeline/reader.h"
#include "pipeline/stream_format.h"

/* A recording's record: no row, but a block with the record itself. */
static char *put_record_block(char *out, struct row_format *format,
			      const struct record *record)
{
	(void)format;
	return put_block(out, BLOCK_RECORD, record->data, record->size);
}

static row_writer *const writers[] = {
	[ROW_TABLE] = put_table_row,
	[ROW_JSON] = put_json_row,
	[ROW_CSV] = put_csv_row,
	[ROW_BLOCK] = put_record_block,
};

static void count_row(struct reader *reader, const struct record *record)
{
	enum path_state state = full_path_state(record, &reader->format.layout);

	reader->rows++;
	reader->unreadable += state == PATH_UNREADABLE;
	reader->cut += state == PATH_CUT || state == PATH_TOP_CUT;
}

static enum verdict write_record(void *context, const struct record *record)
{
	struct reader *reader = context;
	struct row_format *format = &reader->format;
	char *out = NULL;
	uint64_t ts = 0;

	if (!is_wanted(reader, record))
		return CONSUMED;
	if (follow_stream(reader, record))
		out = output_reserve(&reader->output, reader->row_bound);
	reader->is_blocked = !out;
	if (!out)
		return NOT_CONSUMED;
	record_unsigned(record, format->layout.ts, &ts);
	if (reader->rows == 0)
		format->first_ts = format->last_ts = ts;
	out = writers[reader->kind](out, format, record);
	format->last_ts = ts;
	output_commit(&reader->output, out, true);
	count_row(reader, record);
	return all_rows_shown(reader) ? CONSUMED_ENOUGH : CONSUMED;
}

/*
 * How long records gather before they are read, since to wake up costs as much
 * as to keep hundreds of records: until a ring would be a quarter full, at the
 * highest rate at which one CPU was seen to send. At most 10 ms.
 */
static int gathering_ms(const struct reader *reader)
{
	const uint64_t bytes_per_ms = 64 * 1024;
	uint64_t ms = reader->rings[0].size / 4 / bytes_per_ms;

	return ms < 10 ? (int)ms : 10;
}

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

int reader_start(struct reader *reader, int fd, uint64_t count, bool by_line)
{
	int error = output_init(&reader->output, fd, reader->row_bound,
				WRITE_WAIT_MS);

	reader->rows_wanted = count;
	reader->consume = write_record;
	reader->output.by_line = by_line || isatty(fd);
	if (reader->kind == ROW_BLOCK && !error) {
		reader->gather_ms = gathering_ms(reader);
		put_header(&reader->output);
	}
	return error;
}
