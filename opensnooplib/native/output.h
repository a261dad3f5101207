/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows go: a file descriptor, through a buffer.
 */
#ifndef OPENSNOOP_OUTPUT_H
#define OPENSNOOP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
	int fd;
	char *buffer;
	size_t capacity;
	size_t used;
	int patience_ms; /* how long a write may wait; negative: for ever */
	int error;	 /* the errno of a write that failed, or 0 */
};

/* Room for one row of `row_bound` bytes at least. Returns 0 or -ENOMEM. */
int output_init(struct output *output, int fd, size_t row_bound);
void output_free(struct output *output);

/*
 * The place for a row of at most `row_bound` bytes, or NULL where the
 * descriptor takes nothing more now: after an error, or a signal.
 */
char *output_reserve(struct output *output, size_t row_bound);
void output_commit(struct output *output, const char *end);

/*
 * Write what is buffered; a signal ends it early. After a wait of patience_ms
 * error is ETIMEDOUT. Returns whether all is out.
 */
bool output_flush(struct output *output);

/* How many lines are buffered, the last part of a cut one included. */
uint64_t output_lines_left(const struct output *output);

#endif
