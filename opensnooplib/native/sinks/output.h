/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows go: a file descriptor, through a buffer.
 */
#ifndef OPENSNOOP_OUTPUT_H
#define OPENSNOOP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thing that was committed. */
struct item {
	size_t size;
	bool is_row;
};

/* The item at `at`; not more than `size` bytes of it are there. */
typedef struct item (*item_reader)(const char *at, size_t size);

/* A line of text, with those below that begin with a tab: a row's callers. */
struct item line_at(const char *at, size_t size);

struct output {
	int fd;
	int private_fd; /* the same, opened again for us, or -1 */
	char *buffer;
	size_t capacity;
	size_t used;
	item_reader item_at; /* what stands in the buffer */
	size_t rest;	     /* at its start: of an item that is partly out */
	bool rest_is_row;
	uint64_t written; /* bytes in sum */
	bool had_name;	  /* a file; others have been removed before */
	bool is_file;	  /* takes any write at once; others can make us wait */
	bool by_line;	  /* each line is written as soon as it is whole */
	int patience_ms;  /* how long one write may wait */
	int error;	  /* the errno of a write that failed, or 0 */
};

/* Room for one row of `row_bound` bytes at least. Returns 0 or -ENOMEM. */
int output_init(struct output *output, int fd, size_t row_bound,
		int patience_ms, item_reader item_at);
/* The same for longer rows later. */
int output_make_room(struct output *output, size_t row_bound);
void output_free(struct output *output);

/*
 * The place for a row of at most `row_bound` bytes, or NULL where there is
 * none: output_flush() could not make room.
 */
char *output_reserve(struct output *output, size_t row_bound);
void output_commit(struct output *output, const char *end);

/*
 * Write what is buffered, as far as that goes without an error, a signal or a
 * wait beyond patience_ms. Returns whether all is out.
 */
bool output_flush(struct output *output);

/*
 * Whether a file has lost what was written: somebody emptied it, or removed
 * its last name.
 */
bool output_is_lost(const struct output *output);

/* How many rows are buffered, the last part of a cut one included. */
uint64_t output_rows_left(const struct output *output);

#endif
