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

void output_open(struct output *output, int fd, int wait_ms)
{
	output->wait_ms = wait_ms;
	output_turn(output, fd);
	output->nonblocking_fd = output->is_file ? -1 : open_nonblocking(fd);
}

void output_turn(struct output *output, int fd)
{
	struct stat status;

	output->fd = fd;
	output->written = 0;
	output->is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	output->had_name = output->is_file && status.st_nlink > 0;
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
	return output->capacity - output->used >= row_bound &&
	       output->rows < OUTPUT_ROWS_MAX;
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

void output_commit(struct output *output, const char *end, bool is_row)
{
	bool was_empty = output->used == 0;

	output->used = (size_t)(end - output->buffer);
	if (is_row)
		output->row_ends[output->rows++] = output->used;
	/* Behind a line that still waits to be written, this one waits too. */
	if (output->by_line && was_empty)
		output_flush(output);
}

/*
 * A write to a full pipe would wait in the kernel, forever if nobody reads,
 * and a signal that comes just before it would not interrupt it. So nothing is
 * written before there is room, and if the write can block, no more than a pipe
 * with room takes at once.
 */
static bool write_some(struct output *output, size_t *written)
{
	struct pollfd room = {.fd = output->fd, .events = POLLOUT};
	size_t size = output->used - *written;
	int fd = output->fd;
	ssize_t count;

	if (!output->is_file) {
		/* Not if a signal comes first, or wait_ms has passed. */
		if (poll(&room, 1, output->wait_ms) <= 0)
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

/* Forget the rows that are whole in the first `written` bytes. */
static void forget_rows(struct output *output, size_t written)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < output->rows; i++)
		if (output->row_ends[i] > written)
			output->row_ends[left++] =
				output->row_ends[i] - written;
	output->rows = left;
}

/* Does nobody read the pipe any more? A write would say so, but none is due. */
static bool is_closed(const struct output *output)
{
	struct pollfd reader = {.fd = output->fd};

	return output->capacity > 0 && !output->is_file &&
	       poll(&reader, 1, 0) > 0 && reader.revents & (POLLERR | POLLHUP);
}

bool output_flush(struct output *output)
{
	size_t written = 0;

	if (output->used == 0 && !output->error && is_closed(output))
		output->error = EPIPE;
	while (written < output->used && !output->error)
		if (!write_some(output, &written))
			break;
	forget_rows(output, written);
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
