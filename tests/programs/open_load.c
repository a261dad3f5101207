// SPDX-License-Identifier: Apache-2.0
/*
 * Opens a file over and over, a number of times that is known beforehand.
 *
 *	open_load [-t THREADS] [-n OPENS | -u] [-w MICROSECONDS] [-f] [-N] [-o]
 *		  PATH
 *
 *	-t	number of threads (1)
 *	-n	opens by each thread (1)
 *	-u	open until stdin ends; then print the number of opens
 *	-w	microseconds that each thread is busy between two opens
 *	-f	each open must fail
 *	-o	use the syscall open, not openat
 *	-N	give each open of a thread its own name: PATH0, PATH1, ...
 *
 * Says "ready" once all threads exist, so that it can be traced before the
 * first open, and begins at a line from stdin or at its end. Exit status 0
 * means that each open had the result expected.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NUMBER_SIZE 24

struct load {
	const char *path;
	unsigned long opens;
	unsigned long pause_us;
	bool until_end;
	bool fails;
	bool numbered;
	bool by_open;
	pthread_barrier_t ready;
	pthread_barrier_t go;
};

static void die(const char *what)
{
	fprintf(stderr, "open_load: %s\n", what);
	exit(2);
}

/* Opens by openat on architectures without the syscall open. */
static int open_by_open(const char *path)
{
#ifdef SYS_open
	return (int)syscall(SYS_open, path, O_RDONLY, 0);
#else
	return open(path, O_RDONLY);
#endif
}

static bool open_went_as_it_should(const struct load *load, const char *path)
{
	int fd = load->by_open ? open_by_open(path) : open(path, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return (fd < 0) == load->fails;
}

static void be_busy(unsigned long us)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((unsigned long)(now.tv_sec - begin.tv_sec) * 1000000 +
		       (unsigned long)(now.tv_nsec / 1000) -
		       (unsigned long)(begin.tv_nsec / 1000) <
	       us);
}

/* Looks only at some opens: poll(2) costs more than an open. */
static bool stdin_has_ended(unsigned long i)
{
	struct pollfd fd = {.fd = 0};

	return i % 64 == 0 && poll(&fd, 1, 0) > 0 && fd.revents & POLLHUP;
}

static void open_all(const struct load *load, char *path)
{
	char *number = path + strlen(path);

	for (unsigned long i = 0; i < load->opens; i++) {
		if (load->until_end && stdin_has_ended(i)) {
			printf("%lu\n", i);
			break;
		}
		if (load->pause_us)
			be_busy(load->pause_us);
		if (load->numbered)
			snprintf(number, NUMBER_SIZE, "%lu", i);
		if (!open_went_as_it_should(load, path))
			die("an open did not go as it should");
	}
}

static void *run_thread(void *argument)
{
	struct load *load = argument;
	char *path = malloc(strlen(load->path) + NUMBER_SIZE);

	if (!path)
		die("no memory");
	strcpy(path, load->path);
	pthread_barrier_wait(&load->ready);
	pthread_barrier_wait(&load->go);
	open_all(load, path);
	free(path);
	return NULL;
}

int main(int argc, char **argv)
{
	struct load load = {.opens = 1};
	unsigned int thread_count = 1;
	pthread_t *threads;
	int option;

	while ((option = getopt(argc, argv, "t:n:uw:fNo")) != -1) {
		if (option == 't')
			thread_count = (unsigned int)atoi(optarg);
		else if (option == 'n')
			load.opens = strtoul(optarg, NULL, 10);
		else if (option == 'u') {
			load.until_end = true;
			load.opens = (unsigned long)-1;
		} else if (option == 'w')
			load.pause_us = strtoul(optarg, NULL, 10);
		else if (option == 'f')
			load.fails = true;
		else if (option == 'N')
			load.numbered = true;
		else if (option == 'o')
			load.by_open = true;
		else
			return 2;
	}
	if (optind + 1 != argc || thread_count == 0)
		die("usage: open_load [-t THREADS] [-n OPENS | -u] "
		    "[-w MICROSECONDS] [-f] [-N] [-o] PATH");
	load.path = argv[optind];

	threads = calloc(thread_count, sizeof(*threads));
	if (!threads)
		die("no memory");
	pthread_barrier_init(&load.ready, NULL, thread_count + 1);
	pthread_barrier_init(&load.go, NULL, thread_count + 1);
	for (unsigned int i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, run_thread, &load))
			die("cannot start a thread");

	pthread_barrier_wait(&load.ready);
	puts("ready");
	fflush(stdout);
	getchar();
	pthread_barrier_wait(&load.go);
	for (unsigned int i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return 0;
}
