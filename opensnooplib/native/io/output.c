// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE (64 * 1024)

/*
 * The file of `fd`, opened again: O_NONBLOCK belongs to the open file
 * description (open(2)), which other processes share. Sockets can't be opened
 * again. Returns a descriptor or -1.
 */
static int open_nonblocking(int fd)
{
	char path[32];

	/* A descriptor that is for reading only stays so. */
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int output_init(struct output *output, int fd, size_t row_bound, int wait_ms,
		item_reader item_at)
{
	struct stat status;

	*output = (struct output){
		.fd = fd,
		.item_at = item_at,
		.is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode),
		.wait_ms = wait_ms,
	};
	output->had_name = output->is_file && status.st_nlink > 0;
	output->nonblocking_fd = output->is_file ? -1 : open_nonblocking(fd);
	return output_make_room(output, row_bound);
}

int output_make_room(struct output *output, size_t row_bound)
{
	size_t capacity = BUFFER_SIZE + row_bound;
	char *buffer;

	if (capacity <= output->capacity)
		return 0;
	buffer = realloc(output->buffer, capacity);
	if (!buffer)
		return -ENOMEM;
	output->buffer = buffer;
	output->capacity = capacity;
	return 0;
}

void output_free(struct output *output)
{
	if (output->buffer && output->nonblocking_fd >= 0)
		close(output->nonblocking_fd);
	free(output->buffer);
}

static bool has_room(const struct output *output, size_t row_bound)
{
	return output->capacity - output->used >= row_bound;
}

char *output_reserve(struct output *output, size_t row_bound)
{
	if (!has_room(output, row_bound)) {
		output_flush(output);
		if (!has_room(output, row_bound))
			return NULL;
	}
	return output->buffer + output->used;
}

void output_commit(struct output *output, const char *end)
{
	bool was_empty = output->used == 0;

	output->used = (size_t)(end - output->buffer);
	/* Behind a line that still waits to be written, this one waits too. */
	if (output->by_line && was_empty)
		output_flush(output);
}

/* False if a signal comes first, or wait_ms has passed. */
static bool wait_writable(const struct output *output)
{
	struct pollfd poll_fd = {.fd = output->fd, .events = POLLOUT};

	return poll(&poll_fd, 1, output->wait_ms) > 0;
}

/*
 * A write to a full pipe would wait in the kernel, forever if nobody reads,
 * and a signal that comes just before it would not interrupt it. So nothing is
 * written before there is room, and if the write can block, no more than a pipe
 * with room takes at once.
 */
static bool write_some(struct output *output, size_t *written)
{
	size_t size = output->used - *written;
	int fd = output->fd;
	ssize_t count;

	if (!output->is_file) {
		if (!wait_writable(output))
			return false;
		if (output->nonblocking_fd >= 0)
			fd = output->nonblocking_fd;
		else if (size > PIPE_BUF)
			size = PIPE_BUF;
	}
	count = write(fd, output->buffer + *written, size);
	if (count >= 0) {
		*written += (size_t)count;
		output->written += (uint64_t)count;
	} else if (errno != EINTR && errno != EAGAIN) {
		output->error = errno;
	}
	return count > 0;
}

struct item line_at(const char *at, size_t size)
{
	size_t end = 0;

	do {
		const char *newline = memchr(at + end, '\n', size - end);

		end = newline ? (size_t)(newline - at) + 1 : size;
	} while (end < size && at[end] == '\t');
	return (struct item){.size = end, .is_row = true};
}

/* Note how the buffer begins once `written` bytes are gone: within an item? */
static void note_rest(struct output *output, size_t written)
{
	size_t end = output->rest;

	while (end < written) {
		struct item item = output->item_at(output->buffer + end,
						   output->used - end);

		end += item.size;
		output->rest_is_row = item.is_row;
	}
	output->rest = end - written;
}

bool output_flush(struct output *output)
{
	size_t written = 0;

	while (written < output->used && !output->error)
		if (!write_some(output, &written))
			break;
	if (written == output->used)
		output->rest = 0;
	else
		note_rest(output, written);
	output->used -= written;
	memmove(output->buffer, output->buffer + written, output->used);
	return output->used == 0;
}

bool output_is_lost(const struct output *output)
{
	struct stat status;

	if (!output->is_file || fstat(output->fd, &status) != 0)
		return false;
	return (uint64_t)status.st_size < output->written ||
	       (output->had_name && status.st_nlink == 0);
}

uint64_t output_rows_left(const struct output *output)
{
	uint64_t rows = output->rest > 0 && output->rest_is_row;
	size_t end = output->rest;

	while (end < output->used) {
		struct item item = output->item_at(output->buffer + end,
						   output->used - end);

		end += item.size;
		rows += item.is_row;
	}
	return rows;
}
