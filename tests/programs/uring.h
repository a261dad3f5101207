/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An io_uring that has room for one request at a time, by bare syscalls, as
 * io_uring(7) has them.
 */
#ifndef OPENSNOOP_URING_H
#define OPENSNOOP_URING_H

#include <linux/io_uring.h>
#include <stddef.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *rings; /* of submissions and completions; one mapping, Linux 5.4
		      */
	size_t rings_size;
	struct io_uring_sqe *request; /* the caller fills it */
};

/* `flags` are of io_uring_setup(2). Returns 0 or a negative errno. */
int uring_open(struct uring *ring, unsigned int flags);

/*
 * Submit the request, and wait for so many results. Returns 0 or a negative
 * errno.
 */
int uring_submit(const struct uring *ring, unsigned int results);

/* The result of a request: a descriptor, or a negative errno. */
int uring_result(const struct uring *ring);

void uring_close(struct uring *ring);

#endif
