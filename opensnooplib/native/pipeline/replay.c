// SPDX-License-Identifier: Apache-2.0
/*
 * Replay: a reader whose input is a recording.
 */
#include <errno.h>

#include "pipeline/reader.h"

int reader_open_recording(struct reader **reader, int fd)
{
	*reader = reader_new();
	if (!*reader)
		return -ENOMEM;
	(*reader)->helpers.calm_until = UINT64_MAX;
	if (recording_init(&(*reader)->recording, fd) == 0)
		return 0;
	reader_close(*reader);
	*reader = NULL;
	return -ENOMEM;
}

void reader_forget_cgroups(struct reader *reader)
{
	names_forget_cgroups(&reader->format.names);
}

/* A record before the first description can't be shown. */
static enum verdict check_record(void *context, const struct record *record)
{
	struct reader *reader = context;
	const struct format_request *format = &reader->streams[0].format;

	if (!reader->consume)
		return NOT_CONSUMED;
	if (record_is_possible(record, &format->layout, format->record_least))
		return reader->consume(reader, record);
	reader->counts.impossible++;
	return CONSUMED;
}

static void drain(struct reader *reader)
{
	reader->input = recording_drain(&reader->recording, check_record,
					reader, &reader->block);
	if (reader->input == RECORDING_STOPPED && !reader->consume)
		reader->input = RECORDING_DAMAGED;
}

int reader_poll_recording(struct reader *reader, int timeout_ms)
{
	enum reader_state state;
	int error = 0;

	/* A read can block: read only when no whole block is left. */
	if (reader->input == RECORDING_WAITS)
		error = recording_fill(&reader->recording, timeout_ms);
	if (error)
		return error;
	if (!all_rows_shown(reader))
		drain(reader);
	if (reader->consume)
		output_flush(&reader->output);
	state = output_state(reader);
	if (state == READER_RUNNING && reader->input >= RECORDING_BLOCK)
		state = READER_AT_BLOCK + (reader->input - RECORDING_BLOCK);
	return (int)state;
}

int reader_take_block(struct reader *reader, const void **body, uint32_t *size)
{
	*body = reader->block.body;
	*size = reader->block.header.size;
	recording_consume(&reader->recording, &reader->block);
	reader->input = RECORDING_STOPPED; /* the buffer may hold more blocks */
	return (int)reader->block.header.type;
}
