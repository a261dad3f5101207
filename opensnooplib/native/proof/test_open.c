// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "proof/test_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proof/int_0x80.h"
#include "proof/io_uring_open.h"

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
	{"io_uring", open_with_io_uring},
	{"32-bit programs", open_with_int_0x80},
	{"exec", by_exec},
	{"the kernel", by_kernel},
};

int test_open(const char *call, const char *path)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].name, call) == 0)
			return calls[i].open(path);
	return -EOPNOTSUPP;
}
