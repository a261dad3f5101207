// SPDX-License-Identifier: Apache-2.0
/*
 * Callers that are expensive to find:
 *
 *	many_mappings MAPPINGS FRAMES MICROSECONDS FILE
 *
 * Maps its own file as code so many times, and opens FILE over and over, with a
 * stack of so many frames, each of which lies in another mapping, and a pause
 * after each open. Says "ready", begins when its stdin ends, and waits to be
 * killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct frame {
	struct frame *caller;
	const char *returns_to;
};

/* Each is followed by a page of nothing, so that they stay apart. */
static const char *map_code(size_t count)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int file = open("/proc/self/exe", O_RDONLY);
	char *area = mmap(NULL, 2 * count * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; area != MAP_FAILED && i < count; i++)
		if (mmap(area + 2 * i * page, page, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED)
			area = MAP_FAILED;
	if (file < 0 || area == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return area;
}

static void open_file(const char *path, struct frame *pretended)
{
	struct frame *own = __builtin_frame_address(0);
	struct frame *caller = own->caller;
	long fd;

	own->caller = pretended;
#if defined(__x86_64__)
	register long flags __asm__("rdx") = O_RDONLY;

	__asm__ volatile("syscall"
			 : "=a"(fd)
			 : "0"(SYS_openat), "D"(AT_FDCWD), "S"(path), "r"(flags)
			 : "rcx", "r11", "memory");
#else
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
#endif
	own->caller = caller;
	if (fd >= 0)
		close((int)fd);
}

int main(int argc, char **argv)
{
	const size_t step = 2 * (size_t)sysconf(_SC_PAGESIZE);
	static struct frame frames[128];
	size_t next = 0;
	size_t mappings;
	size_t count;
	const char *code;

	if (argc < 5)
		return 2;
	mappings = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	code = map_code(mappings);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (;;) {
		for (size_t i = 0; i < count; i++) {
			frames[i].caller = i + 1 < count ? &frames[i + 1] : 0;
			frames[i].returns_to = code + next * step + 32;
			next = (next + 1) % mappings;
		}
		open_file(argv[4], frames);
		usleep((useconds_t)atoi(argv[3]));
	}
}
