/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output: a file descriptor that rows or blocks are written to, through a
 * buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most rows that wait in the buffer. */
#define OUTPUT_ROWS_MAX 4096

struct output {
	int fd;
	int nonblocking_fd; /* the same file, opened again; or -1 */
	char *buffer;
	size_t capacity;
	size_t used;
	uint32_t rows;	  /* in the buffer; one that is partly written counts */
	uint64_t written; /* bytes in total */
	bool had_name; /* it is a file that could be found when it was opened */
	bool is_file;  /* takes any write at once; a pipe can make us wait */
	bool by_line;  /* each line is written as soon as it is complete */
	int wait_ms;   /* for how long one write may wait */
	int error;     /* the errno of a write that failed, or 0 */
	size_t row_ends[OUTPUT_ROWS_MAX]; /* bytes from the buffer's start */
};

/*
 * Write to `fd`; at first, *output is all zero. One write may wait for
 * `wait_ms`.
 */
void output_open(struct output *output, int fd, int wait_ms);

/* Write to another file than before; nothing waits to be written. */
void output_turn(struct output *output, int fd);

/* Make room for rows of `row_bound` bytes. Returns 0 or -ENOMEM. */
int output_make_room(struct output *output, size_t row_bound);
void output_free(struct output *output);

/*
 * Room for a row of at most `row_bound` bytes; NULL if there is none, since
 * output_flush() could not write enough.
 */
char *output_reserve(struct output *output, size_t row_bound);

/* What was put there is complete, up to `end`, and may be a row. */
void output_commit(struct output *output, const char *end, bool is_row);

/*
 * Write the buffer, up to an error, a signal or a wait that is longer than
 * wait_ms. With nothing to write, a pipe that nobody reads any more is an
 * error, too: EPIPE. Returns whether all of it is written.
 */
bool output_flush(struct output *output);

/*
 * Has a file lost what was written? Somebody has emptied it, or removed its
 * last name.
 */
bool output_is_lost(const struct output *output);
