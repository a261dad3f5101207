// SPDX-License-Identifier: Apache-2.0
/*
 * Opens one file for reading in one way, as the proof of the tool does:
 *
 *	one_open WAY PATH
 *
 * Prints the result, a descriptor or a negative errno; -EOPNOTSUPP: this
 * machine has no such call. libc is bypassed, since it would turn open into
 * openat.
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

#include "proof/int_0x80.h"
#include "uring.h"

static int result(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

#ifdef SYS_open
static int by_open(const char *path)
{
	return result(syscall(SYS_open, path, O_RDONLY, 0));
}
#endif

#ifdef SYS_creat
static int by_creat(const char *path)
{
	return result(syscall(SYS_creat, path, 0600));
}
#endif

static int by_openat(const char *path)
{
	return result(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0));
}

#ifdef __NR_openat2 /* glibc before 2.32 has no SYS_openat2 */
static int by_openat2(const char *path)
{
	struct open_how how = {.flags = O_RDONLY};

	return result(syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof(how)));
}
#endif

static int by_handle(const char *path)
{
	struct file_handle no_file = {0};

	(void)path;
	return result(open_by_handle_at(-1, &no_file, O_RDONLY));
}

/* execve(2) returns, since `path` doesn't exist. */
static int by_exec(const char *path)
{
	char *nothing[] = {NULL};

	return result(execve(path, nothing, nothing));
}

/* acct(2): the kernel itself opens the file for process accounting. */
static int by_kernel(const char *path)
{
	return result(acct(path));
}

static int by_io_uring(const char *path)
{
	struct uring ring;
	int ret = uring_open(&ring, 1, 0);

	if (ret < 0)
		return ret;
	*ring.requests = (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.open_flags = O_RDONLY,
	};
	ret = uring_submit(&ring, 1, 1);
	if (ret == 0)
		ret = uring_result(&ring);
	uring_close(&ring);
	return ret;
}

static const struct {
	const char *name;
	int (*open)(const char *path);
} calls[] = {
#ifdef SYS_open
	{"open", by_open},
#endif
#ifdef SYS_creat
	{"creat", by_creat},
#endif
	{"openat", by_openat},
#ifdef __NR_openat2
	{"openat2", by_openat2},
#endif
	{"open_by_handle_at", by_handle},
	{"io_uring", by_io_uring},
	{"32-bit system calls", open_with_int_0x80},
	{"exec", by_exec},
	{"the kernel", by_kernel},
};

static int open_by(const char *call, const char *path)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].name, call) == 0)
			return calls[i].open(path);
	return -EOPNOTSUPP;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: one_open WAY PATH\n");
		return 2;
	}
	printf("%d\n", open_by(argv[1], argv[2]));
	return 0;
}
