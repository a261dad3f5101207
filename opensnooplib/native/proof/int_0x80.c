// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "proof/int_0x80.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
/* Numbers of syscalls: arch/x86/entry/syscalls/syscall_32.tbl */
#define OPEN_32	  5
#define GETPID_32 20

static long call(long number, long first, long second, long third)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static void leave(int number)
{
	(void)number;
	_exit(ENOSYS);
}

/*
 * A child makes such a call first: a kernel built without them sends SIGSEGV,
 * and a seccomp filter can kill whoever makes one. Returns 0 or a negative
 * errno.
 */
static int trial(void)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0); /* no core dump if it is killed */
		signal(SIGSEGV, leave);
		_exit(call(GETPID_32, 0, 0, 0) < 0 ? EPERM : 0);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}

/* The path is copied, since its address must fit into 32 bits. */
int open_with_int_0x80(const char *path)
{
	size_t size = strlen(path) + 1;
	int ret = trial();
	char *low;

	if (ret < 0)
		return ret;
	low = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return -errno;
	memcpy(low, path, size);
	ret = (int)call(OPEN_32, (long)low, 0, 0);
	munmap(low, size);
	return ret;
}
#else
int open_with_int_0x80(const char *path)
{
	(void)path;
	return -EOPNOTSUPP;
}
#endif
