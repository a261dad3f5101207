/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An io_uring with place for one request at a time, by bare syscalls: see
 * io_uring(7).
 */
#ifndef OPENSNOOP_IO_URING_OPEN_H
#define OPENSNOOP_IO_URING_OPEN_H

#include <linux/io_uring.h>
#include <stddef.h>

struct ring_of_one {
	int fd;
	struct io_uring_params params;
	char *rings; /* both of them, since Linux 5.4 */
	size_t rings_size;
	struct io_uring_sqe *request; /* to be filled by the caller */
};

/* With flags of io_uring_setup(2). Returns 0 or a negative errno. */
int ring_of_one_open(struct ring_of_one *ring, unsigned int flags);

/* Hand the request over, and wait for `results`: 0 or a negative errno. */
int ring_of_one_submit(const struct ring_of_one *ring, unsigned int results);

/* What the last request came to: a descriptor or a negative errno. */
int ring_of_one_result(const struct ring_of_one *ring);

void ring_of_one_close(struct ring_of_one *ring);

/*
 * Open `path` for reading through a ring of its own. Returns a descriptor or a
 * negative errno; -ENOSYS where the kernel has no io_uring.
 */
int open_through_ring(const char *path);

#endif
