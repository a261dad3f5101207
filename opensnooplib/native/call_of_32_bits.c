// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "call_of_32_bits.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)
/* arch/x86/entry/syscalls/syscall_32.tbl */
#define OPEN_32 5

static sigjmp_buf before;

static void go_back(int number)
{
	siglongjmp(before, number);
}

/* Without such calls, a kernel sends SIGSEGV. */
static int call(long path)
{
	struct sigaction handler = {.sa_handler = go_back};
	struct sigaction old;
	long ret = -ENOSYS;

	sigaction(SIGSEGV, &handler, &old);
	if (sigsetjmp(before, 1) == 0)
		__asm__ volatile("int $0x80"
				 : "=a"(ret)
				 : "a"(OPEN_32), "b"(path), "c"(0), "d"(0)
				 : "memory", "r8", "r9", "r10", "r11");
	else
		ret = -ENOSYS;
	sigaction(SIGSEGV, &old, NULL);
	return (int)ret;
}

/* The kernel takes an address of 32 bits. */
int open_with_32_bits(const char *path)
{
	size_t size = strlen(path) + 1;
	char *low = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int ret;

	if (low == MAP_FAILED)
		return -errno;
	memcpy(low, path, size);
	ret = call((long)low);
	munmap(low, size);
	return ret;
}
#else
int open_with_32_bits(const char *path)
{
	(void)path;
	return -ENOSYS;
}
#endif
