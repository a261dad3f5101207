// SPDX-License-Identifier: Apache-2.0
/*
 * Opens one file through io_uring, in one way, and nothing else:
 *
 *	io_uring_open WAY PATH
 *
 * Prints the result, a descriptor or a negative errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uring.h"

static struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0640};

static void by_openat(struct io_uring_sqe *request)
{
	request->opcode = IORING_OP_OPENAT;
	request->open_flags = O_RDONLY | O_CLOEXEC;
}

static void by_openat2(struct io_uring_sqe *request)
{
	request->opcode = IORING_OP_OPENAT2;
	request->len = sizeof(how);
	request->off = (uintptr_t)&how;
}

/* An absolute path starts at the directory, too. */
static void in_root(struct io_uring_sqe *request)
{
	how = (struct open_how){.resolve = RESOLVE_IN_ROOT};
	by_openat2(request);
}

/* A thread of the kernel opens the file. */
static void by_worker(struct io_uring_sqe *request)
{
	by_openat(request);
	request->flags = IOSQE_ASYNC;
}

/* The descriptor goes into the ring's table, not into the process's. */
static void direct(struct io_uring_sqe *request)
{
	by_openat(request);
	request->open_flags = O_RDONLY;
	request->file_index = 1;
}

static void without_name(struct io_uring_sqe *request)
{
	by_openat(request);
	request->addr = 8;
}

static void silent(struct io_uring_sqe *request)
{
	by_openat(request);
	request->flags = 1 << 6; /* IOSQE_CQE_SKIP_SUCCESS, of Linux 5.17 */
}

static const struct way {
	const char *name;
	void (*fill)(struct io_uring_sqe *request);
	unsigned int setup;
	unsigned int results; /* to wait for */
	unsigned int more;    /* opens before it, whose results stay */
} ways[] = {
	{"openat", by_openat, 0, 1, 0},
	{"openat2", by_openat2, 0, 1, 0},
	{"in-root", in_root, 0, 1, 0},
	{"worker", by_worker, 0, 1, 0},
	{"sqpoll", by_openat, IORING_SETUP_SQPOLL, 1, 0},
	{"direct", direct, 0, 1, 0},
	{"no-name", without_name, 0, 1, 0},
	{"silent", silent, 0, 0, 0},
	{"overflow", by_openat, 0, 0, 4},
	{"unfinished", by_worker, 0, 0, 0},
};

static const struct way *find_way(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(ways[i].name, name) == 0)
			return &ways[i];
	return NULL;
}

static void make_table_of_files(const struct uring *ring)
{
	int none = -1;

	syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_FILES, &none,
		1);
}

int main(int argc, char **argv)
{
	const struct way *way = argc == 3 ? find_way(argv[1]) : NULL;
	struct uring ring;
	int error;

	if (!way) {
		fprintf(stderr, "usage: io_uring_open WAY PATH\n");
		return 2;
	}
	error = uring_open(&ring, 1, way->setup);
	if (error < 0) {
		fprintf(stderr, "io_uring_setup: %s\n", strerror(-error));
		return 1;
	}
	make_table_of_files(&ring);
	*ring.requests = (struct io_uring_sqe){
		.fd = AT_FDCWD,
		.addr = (uintptr_t)argv[2],
	};
	way->fill(ring.requests);
	for (unsigned int i = 0; i < way->more; i++)
		uring_submit(&ring, 1, way->results);
	error = uring_submit(&ring, 1, way->results);
	printf("%d\n", error < 0 ? error : uring_result(&ring));
	return 0;
}
