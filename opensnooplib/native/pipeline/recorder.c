// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* struct timespec */
#include "pipeline/recorder.h"

#include <errno.h>
#include <string.h>

#include "pipeline/progress.h"
#include "pipeline/reader_data.h"
#include "pipeline/selection.h"
#include "pipeline/stream_format.h"

/* An item_reader: the block at `at`. */
static struct item block_at(const char *at, size_t size)
{
	struct block_header header;
	struct item item;

	(void)size; /* a block is committed whole */
	memcpy(&header, at, sizeof(header));
	item.size = sizeof(header) + header.size;
	item.is_row = header.type == BLOCK_RECORD;
	return item;
}

static enum verdict keep_record(void *context, const struct record *record)
{
	struct reader *reader = context;
	size_t size = sizeof(struct block_header) + record->size;
	char *out;

	if (!is_wanted(reader, record))
		return CONSUMED;
	if (!follow_stream(reader, record))
		return NOT_CONSUMED;
	out = output_reserve(&reader->output, size);
	if (!out)
		return NOT_CONSUMED;
	out = put_block(out, BLOCK_RECORD, record->data, record->size);
	output_commit(&reader->output, out);
	count_row(reader, record);
	return all_rows_shown(reader) ? CONSUMED_ENOUGH : CONSUMED;
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
	output_commit(output, out + sizeof(header));
	output->rest = sizeof(header); /* no item: blocks begin after it */
}

/*
 * How long records gather before they are read, since to wake up costs as much
 * as to keep hundreds of records: until a ring would be a quarter full, at the
 * highest rate at which one CPU was seen to send. At most 10 ms.
 */
static struct timespec gathering_time(const struct reader *reader)
{
	const uint64_t bytes_per_ms = 64 * 1024;
	uint64_t ms = reader->rings[0].size / 4 / bytes_per_ms;
	struct timespec time = {
		.tv_nsec = (long)(ms < 10 ? ms : 10) * 1000000,
	};

	return time;
}

static bool put_json(struct reader *reader, uint32_t type, const char *json)
{
	size_t size = strlen(json);
	char *out = NULL;

	if (size > BLOCK_BODY_MAX)
		return false;
	if (output_make_room(&reader->output,
			     sizeof(struct block_header) + size) == 0)
		out = output_reserve(&reader->output,
				     sizeof(struct block_header) + size);
	if (!out)
		return false;
	out = put_block(out, type, json, (uint32_t)size);
	output_commit(&reader->output, out);
	return true;
}

/* The heading of a recording. */
static bool put_description(struct reader *reader, const char *json)
{
	return put_json(reader, BLOCK_DESCRIPTION, json);
}

int reader_start_recording(struct reader *reader, int fd, uint64_t count)
{
	/* The size of a record: perf_event_header.size has 16 bits. */
	const size_t bound = sizeof(struct block_header) + UINT16_MAX;
	int error;

	reader->rows_wanted = count;
	reader->consume = keep_record;
	reader->put_heading = put_description;
	reader->gathering = gathering_time(reader);
	reader->gathers = reader->gathering.tv_nsec > 0;
	error = output_init(&reader->output, fd, bound, WRITE_WAIT_MS,
			    block_at);
	if (!error)
		put_header(&reader->output);
	return error;
}

int reader_put_counts(struct reader *reader, const char *json)
{
	return put_json(reader, BLOCK_COUNTS, json) ? 0 : -EIO;
}
