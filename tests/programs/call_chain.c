// SPDX-License-Identifier: Apache-2.0
/*
 * A chain of functions, the innermost of which opens FILE:
 *
 *	call_chain FILE DEPTH [exec|lost]
 *
 * outer_one() calls middle_one(), which has a name of C++ and calls itself
 * DEPTH times before it calls inner_one(). Says "ready", and waits for the end
 * of stdin. With "exec", it executes itself again before it opens. With
 * "lost", the callers of middle_one() can't be found, since a frame pointer
 * points at itself. Compile without optimization, so that each call stays one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A frame that is its own caller, and returns to where no code is. */
static struct frame {
	struct frame *caller;
	void *returns_to;
} lost = {&lost, &lost};

static bool is_lost;

/* libc's open(2) may keep something else in the frame pointer. */
long inner_one(const char *path)
{
	struct frame *own = __builtin_frame_address(0);
	struct frame *caller = own->caller;
	long ret;

	if (is_lost)
		own->caller = &lost;
#if defined(__x86_64__)
	register long flags __asm__("rdx") = O_RDONLY;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(SYS_openat), "D"(AT_FDCWD), "S"(path), "r"(flags)
			 : "rcx", "r11", "memory");
#else
	ret = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
#endif
	own->caller = caller;
	return ret;
}

long middle_one(const char *path, int depth) __asm__("_ZN3zoo5Fence4openEPKci");

long middle_one(const char *path, int depth)
{
	return depth > 0 ? middle_one(path, depth - 1) : inner_one(path);
}

long outer_one(const char *path, int depth)
{
	return middle_one(path, depth);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	is_lost = argc > 3 && strcmp(argv[3], "lost") == 0;
	if (argc > 3 && !is_lost) {
		argv[3] = NULL;
		execv("/proc/self/exe", argv);
		return 1;
	}
	outer_one(argv[1], atoi(argv[2]));
	return 0;
}
