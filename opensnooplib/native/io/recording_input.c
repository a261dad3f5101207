// SPDX-License-Identifier: Apache-2.0
#include "io/recording_input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The most bytes of one read(2). */
#define READ_BYTES (256 * 1024)

/* The buffer has room for the largest block and one read(2). */
#define BUFFER_BYTES (sizeof(struct block_header) + BLOCK_BODY_MAX + READ_BYTES)

int recording_init(struct recording *recording, int fd)
{
	*recording = (struct recording){
		.fd = fd,
		.offset = sizeof(struct recording_header),
	};
	recording->buffer = malloc(BUFFER_BYTES);
	return recording->buffer ? 0 : -ENOMEM;
}

void recording_free(struct recording *recording)
{
	free(recording->buffer);
}

/* The bytes in the buffer that are not consumed yet. */
static size_t bytes_there(const struct recording *recording)
{
	return recording->end - recording->next;
}

int recording_fill(struct recording *recording, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = recording->fd, .events = POLLIN};
	size_t room;
	ssize_t count;

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return 0;
	memmove(recording->buffer, recording->buffer + recording->next,
		bytes_there(recording));
	recording->end = bytes_there(recording);
	recording->next = 0;
	room = BUFFER_BYTES - recording->end;
	count = read(recording->fd, recording->buffer + recording->end,
		     room < READ_BYTES ? room : READ_BYTES);
	if (count < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	recording->end += (size_t)count;
	recording->at_end = count == 0;
	return 0;
}

/* The first block in the buffer; *block is set if RECORDING_BLOCK is returned.
 */
static enum recording_state peek(const struct recording *recording,
				 struct block *block)
{
	const enum recording_state none = !recording->at_end ? RECORDING_WAITS
					  : bytes_there(recording) == 0
						  ? RECORDING_ENDED
						  : RECORDING_CUT;
	const unsigned char *front = recording->buffer + recording->next;
	size_t there = bytes_there(recording);
	struct block_header *header = &block->header;

	if (there < sizeof(*header))
		return none;
	memcpy(header, front, sizeof(*header));
	block->body = front + sizeof(*header);
	if (header->size > BLOCK_BODY_MAX)
		return RECORDING_DAMAGED;
	if (there - sizeof(*header) < header->size)
		return none;
	return block_checksum(header, block->body) == header->checksum
		       ? RECORDING_BLOCK
		       : RECORDING_DAMAGED;
}

void recording_consume(struct recording *recording, const struct block *block)
{
	size_t size = sizeof(block->header) + block->header.size;

	recording->next += size;
	recording->offset += size;
}

enum recording_state recording_drain(struct recording *recording,
				     record_consumer consume, void *context,
				     struct block *block)
{
	enum recording_state state;

	while ((state = peek(recording, block)) == RECORDING_BLOCK) {
		struct record record = {
			.data = block->body,
			.size = block->header.size,
		};
		enum verdict verdict = CONSUMED;
		uint32_t type = block->header.type;

		if (type == BLOCK_DESCRIPTION || type == BLOCK_COUNTS)
			break;
		if (type == BLOCK_RECORD)
			verdict = consume(context, &record);
		if (verdict != NOT_CONSUMED)
			recording_consume(recording, block);
		if (verdict != CONSUMED)
			return RECORDING_STOPPED;
	}
	return state;
}
