// SPDX-License-Identifier: Apache-2.0
#include "pipeline/reader_data.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "pipeline/helper_process.h"

struct reader *reader_new(void)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->epoll_fd = -1;
	reader->helpers = (struct helpers){
		.start = helper_start,
		.kill = helper_kill,
		.own = &reader->own,
	};
	names_open(&reader->format.names, &reader->names_helper,
		   &reader->helpers);
	return reader;
}

bool all_rows_shown(const struct reader *reader)
{
	return reader->rows_wanted > 0 && reader->rows >= reader->rows_wanted;
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

void wait_for_records(struct reader *reader, int timeout_ms)
{
	struct epoll_event event;

	if (reader->records_wait && !reader->gather_ms &&
	    timeout_ms > MERGE_HOLD_BACK_MS)
		timeout_ms = MERGE_HOLD_BACK_MS;
	if (epoll_wait(reader->epoll_fd, &event, 1, timeout_ms) > 0 &&
	    reader->gather_ms)
		poll(NULL, 0, reader->gather_ms);
}
