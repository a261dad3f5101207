// SPDX-License-Identifier: Apache-2.0
/*
 * Open and close an existing file in a loop, as fast as one core can.
 *
 *   open_loop [-n COUNT] [-c CPU]... [-w MICROSECONDS] FILE
 *
 * Each -c CPU is one process that runs on that CPU only; without any it is
 * one process, which runs anywhere. All begin at once, and each prints how
 * many nanoseconds one open took (with its close). With -w, each rests that
 * long after every 50 opens, which isn't counted.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANY_CPU (-1)

static unsigned int rest_us;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		err(1, "CPU %d", cpu);
}

/* Calls the kernel directly: libc could do more than this syscall. */
static void open_and_close(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);

	if (fd < 0)
		err(1, "%s", path);
	syscall(SYS_close, fd);
}

#define OPENS_BETWEEN_RESTS 50

static uint64_t rest(unsigned int microseconds)
{
	uint64_t began = now_ns();

	usleep(microseconds);
	return now_ns() - began;
}

static void open_in_loop(const char *path, unsigned long count)
{
	uint64_t rested = 0;
	uint64_t began = now_ns();

	for (unsigned long i = 0; i < count; i++) {
		open_and_close(path);
		if (rest_us > 0 && i % OPENS_BETWEEN_RESTS == 0)
			rested += rest(rest_us);
	}
	printf("%.1f\n", (double)(now_ns() - began - rested) / (double)count);
}

/* The child waits until all others have closed the gate. */
static void start_process(int cpu, const int gate[2], const char *path,
			  unsigned long count)
{
	char nothing;
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (child > 0)
		return;
	close(gate[1]);
	if (cpu != ANY_CPU)
		run_on(cpu);
	if (read(gate[0], &nothing, 1) < 0)
		err(1, "read");
	open_in_loop(path, count);
	exit(0);
}

static int wait_for_all(void)
{
	int worst = 0;
	int status;

	while (wait(&status) > 0)
		if (status != 0)
			worst = 1;
	return worst;
}

int main(int argc, char **argv)
{
	unsigned long count = 1000000;
	int cpus[CPU_SETSIZE];
	int cpu_count = 0;
	int gate[2];
	int option;

	while ((option = getopt(argc, argv, "n:c:w:")) != -1) {
		if (option == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (option == 'c' && cpu_count < CPU_SETSIZE)
			cpus[cpu_count++] = atoi(optarg);
		else if (option == 'w')
			rest_us = (unsigned int)atoi(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc || count == 0)
		errx(2, "usage: open_loop [-n COUNT] [-c CPU]... [-w US] FILE");
	if (cpu_count == 0)
		cpus[cpu_count++] = ANY_CPU;

	if (pipe(gate) < 0)
		err(1, "pipe");
	for (int i = 0; i < cpu_count; i++)
		start_process(cpus[i], gate, argv[optind], count);
	close(gate[1]);
	return wait_for_all();
}
