// SPDX-License-Identifier: Apache-2.0
/*
 * A chain of functions, the innermost of which opens FILE:
 *
 *	call_chain FILE DEPTH [exec|lost|looped]
 *
 * outer_one() calls middle_one(), which has a name of C++ and calls itself
 * DEPTH times before it calls inner_one(). Says "ready", and waits for the end
 * of stdin. With "exec", it executes itself again before it opens. With
 * "looped", middle_one() seems to be called by main() again and again, since a
 * frame pointer points at itself; with "lost", that frame comes after one that
 * returns to no code. Compile without optimization, so that each call stays
 * one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv);

struct frame {
	struct frame *caller;
	void *returns_to;
};

static struct frame looped = {&looped, (char *)main + 1};
static struct frame lost = {&looped, &lost};

static struct frame *wrong_caller;

/* libc's open(2) may keep something else in the frame pointer. */
long inner_one(const char *path)
{
	struct frame *own = __builtin_frame_address(0);
	struct frame *caller = own->caller;
	long ret;

	if (wrong_caller)
		own->caller = wrong_caller;
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
	if (argc > 3 && strcmp(argv[3], "exec") != 0)
		wrong_caller = strcmp(argv[3], "lost") == 0 ? &lost : &looped;
	else if (argc > 3) {
		argv[3] = NULL;
		execv("/proc/self/exe", argv);
		return 1;
	}
	outer_one(argv[1], atoi(argv[2]));
	return 0;
}
