/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An io_uring by bare syscalls, as io_uring(7) has them.
 */
#ifndef OPENSNOOP_URING_H
#define OPENSNOOP_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *rings; /* of submissions and completions: since Linux 5.4, one */
	size_t rings_size;
	struct io_uring_sqe *requests; /* the caller fills them */
};

/*
 * A ring for `entries` requests at a time; `flags` are of io_uring_setup(2).
 * Returns 0 or a negative errno.
 */
int uring_open(struct uring *ring, unsigned int entries, unsigned int flags);

/*
 * Submit the first `count` requests, and wait for so many results. Returns 0 or
 * a negative errno.
 */
int uring_submit(const struct uring *ring, unsigned int count,
		 unsigned int results);

/* Take the oldest result. False if there is none. */
bool uring_take(const struct uring *ring, struct io_uring_cqe *result);

/* The result of a request: a descriptor, or a negative errno. */
int uring_result(const struct uring *ring);

void uring_close(struct uring *ring);

#endif
