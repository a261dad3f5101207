// SPDX-License-Identifier: Apache-2.0
/*
 * Reader streams: those that a reader's rings carry, one for each output of
 * each program set.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "pipeline/reader.h"

int reader_add_stream(struct reader *reader)
{
	uint32_t stream = 1; /* stream 0 can't be added again */
	int error;

	while (reader->merge.rings[0].streams[stream].fd > 0)
		if (++stream == STREAMS_MAX)
			return -EBUSY;
	for (unsigned int i = 0; i < reader->merge.ring_count; i++) {
		error = ring_add_stream(&reader->merge.rings[i], stream);
		if (error) {
			reader_drop_stream(reader, stream);
			return error;
		}
	}
	return (int)stream;
}

int reader_map_buffer(struct reader *reader, uint32_t stream, int map_fd,
		      uint64_t size)
{
	/* By its edges: records that wait for their turn wake nobody. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	struct ring *buffer = &reader->merge.buffers[stream];

	ring_buffer_close(buffer);
	if (reader->merge.buffers_end <= stream)
		reader->merge.buffers_end = stream + 1;
	epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, map_fd, &event);
	return ring_buffer_open(buffer, map_fd, size, stream);
}

uint64_t reader_stream_lost(const struct reader *reader, uint32_t stream)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < reader->merge.ring_count; i++)
		lost += reader->merge.rings[i].streams[stream].lost;
	return lost;
}

void reader_drop_stream(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->merge.ring_count; i++)
		ring_drop_stream(&reader->merge.rings[i], stream);
	ring_buffer_close(&reader->merge.buffers[stream]);
	free(reader->streams[stream].heading);
	reader->streams[stream] = (struct stream){0};
	if (reader->current == stream)
		reader->current = STREAMS_MAX; /* none */
}
