// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* nanosleep */
#include "pipeline/record_wait.h"

#include <sys/epoll.h>

#include "pipeline/reader_data.h"

void wait_for_records(struct reader *reader, int timeout_ms)
{
	struct epoll_event event;

	if (reader->records_wait && !reader->gathers &&
	    timeout_ms > MERGE_HOLD_BACK_MS)
		timeout_ms = MERGE_HOLD_BACK_MS;
	if (epoll_wait(reader->epoll_fd, &event, 1, timeout_ms) > 0 &&
	    reader->gathers)
		nanosleep(&reader->gathering, NULL);
}
