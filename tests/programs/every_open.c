// SPDX-License-Identifier: Apache-2.0
/*
 * Opens files in several threads, with every syscall that opens by name, in
 * ways that work and in ways that fail.
 *
 *	every_open THREADS ROUNDS
 *
 * Makes its files in the working directory. Calls the kernel directly, since
 * libc turns open and creat into openat.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUND_NAME_SIZE 64

static unsigned int rounds;

static void close_opened(long fd)
{
	if (fd >= 0)
		close((int)fd);
}

/* The older calls, which newer architectures don't have. */
static void open_old_ways(const char *own)
{
#ifdef SYS_open
	close_opened(syscall(SYS_open, own, O_RDWR | O_CREAT, 0640));
	close_opened(syscall(SYS_open, own, O_RDONLY | O_CREAT | O_EXCL, 0600));
	close_opened(syscall(SYS_open, ".", O_RDONLY | O_DIRECTORY));
	close_opened(syscall(SYS_open, "missing/file", O_RDONLY));
#endif
#ifdef SYS_creat
	close_opened(syscall(SYS_creat, own, 0604));
	close_opened(syscall(SYS_creat, "/", 0600));
#endif
	(void)own;
}

static void open_at(const char *own)
{
	int folder = open("/", O_PATH | O_DIRECTORY);
	const char *not_readable = (const char *)1;

	close_opened(syscall(SYS_openat, AT_FDCWD, own, O_WRONLY | O_CREAT, 0));
	close_opened(syscall(SYS_openat, folder, "etc", O_RDONLY));
	close_opened(syscall(SYS_openat, folder, "", O_RDONLY));
	close_opened(
		syscall(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0600));
	close_opened(syscall(SYS_openat, -1, own, O_RDONLY));
	close_opened(syscall(SYS_openat, AT_FDCWD, own,
			     O_RDONLY | O_NOFOLLOW | O_APPEND | O_SYNC));
	close_opened(syscall(SYS_openat, AT_FDCWD, not_readable, O_RDONLY));
	close_opened(syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY));
	close_opened(folder);
}

static void open_at2(const char *own)
{
	struct open_how reads = {.flags = O_RDONLY | O_CLOEXEC};
	struct open_how makes = {.flags = O_RDWR | O_CREAT, .mode = 0611};
	struct open_how stays = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	struct open_how wrong = {.flags = O_RDONLY, .mode = 0600};
	const size_t size = sizeof(reads);

	close_opened(syscall(__NR_openat2, AT_FDCWD, own, &reads, size));
	close_opened(syscall(__NR_openat2, AT_FDCWD, own, &makes, size));
	close_opened(syscall(__NR_openat2, AT_FDCWD, "/etc", &stays, size));
	close_opened(syscall(__NR_openat2, AT_FDCWD, own, &wrong, size));
	close_opened(syscall(__NR_openat2, AT_FDCWD, own, NULL, size));
	close_opened(syscall(__NR_openat2, AT_FDCWD, own, &wrong, 0));
}

static void *run_thread(void *argument)
{
	char own[ROUND_NAME_SIZE];

	for (unsigned int round = 0; round < rounds; round++) {
		snprintf(own, sizeof(own), "thread-%lu-round-%u",
			 (unsigned long)(size_t)argument, round);
		open_old_ways(own);
		open_at(own);
		open_at2(own);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int thread_count = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
	pthread_t *threads = calloc(thread_count + 1, sizeof(*threads));

	if (thread_count == 0 || !threads) {
		fprintf(stderr, "usage: every_open THREADS ROUNDS\n");
		return 2;
	}
	rounds = (unsigned int)atoi(argv[2]);
	for (size_t i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, run_thread, (void *)i))
			return 1;
	for (size_t i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return 0;
}
