// SPDX-License-Identifier: Apache-2.0
/*
 * A tree of processes, each of which opens files named after its place in it.
 *
 *	fork_tree BEFORE AFTER WIDTH OPENS NAME [PAUSE_MS]
 *
 * The first process opens NAME/0, NAME/1, ... (which need not exist); its
 * WIDTH children are NAME.0, NAME.1 and so on. When it says "ready", BEFORE
 * levels of children exist, made with a pause before each. At the end of stdin
 * all open their files, and the lowest level gets AFTER more levels of
 * children, each made in another way than its siblings. Ends when all have
 * ended.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_SIZE  200
#define DONE_FD	   9 /* open in all: closed when all have ended */
#define FIRST_WORD "in the tree"

static unsigned int width;
static unsigned int opens;
static char name[NAME_SIZE];
static unsigned int levels_left;
static unsigned int pause_us;

static void open_files(unsigned int first, unsigned int last)
{
	char path[NAME_SIZE + 16];
	int fd;

	for (unsigned int i = first; i < last; i++) {
		snprintf(path, sizeof(path), "%s/%u", name, i);
		fd = open(path, O_RDONLY);
		if (fd >= 0)
			close(fd);
	}
}

static void *open_one_in_thread(void *nothing)
{
	open_files(0, 1);
	return nothing;
}

static void start_thread(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		errx(1, "cannot start a thread");
	pthread_join(thread, NULL);
}

/* A thread opens the first file. */
static void open_all_files(void)
{
	start_thread(open_one_in_thread);
	open_files(1, opens);
}

static void add_to_name(unsigned int number)
{
	size_t length = strlen(name);

	snprintf(name + length, sizeof(name) - length, ".%u", number);
}

static void become_child(unsigned int number)
{
	add_to_name(number);
	levels_left--;
}

static _Noreturn void grow(void);

static pid_t fork_or_die(void)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	return child;
}

/* Execute this program again in place of this process, also from a thread. */
static void *begin_again(void *nothing)
{
	char numbers[3][16];

	snprintf(numbers[0], sizeof(numbers[0]), "%u", levels_left);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", width);
	snprintf(numbers[2], sizeof(numbers[2]), "%u", opens);
	execl("/proc/self/exe", FIRST_WORD, numbers[0], numbers[1], numbers[2],
	      name, NULL);
	err(1, "exec");
	return nothing;
}

static unsigned int child_of_thread;

static void *fork_in_thread(void *nothing)
{
	if (fork_or_die() == 0) {
		become_child(child_of_thread);
		grow();
	}
	return nothing;
}

/* Each of four children is made in its own way. */
static void make_child(unsigned int number)
{
	switch (number % 4) {
	case 0:
		if (fork_or_die() > 0)
			return;
		become_child(number);
		grow();
	case 1: /* a thread of the child calls execve, and gets its PID */
		if (fork_or_die() > 0)
			return;
		become_child(number);
		start_thread(begin_again);
		exit(1);
	case 2: /* an orphan: its parent ends at once */
		if (fork_or_die() > 0)
			return;
		if (fork_or_die() > 0)
			_exit(0);
		become_child(number);
		grow();
	case 3:
		child_of_thread = number;
		start_thread(fork_in_thread);
	}
}

static _Noreturn void grow(void)
{
	open_all_files();
	for (unsigned int i = 0; levels_left > 0 && i < width; i++)
		make_child(i);
	while (wait(NULL) > 0)
		;
	exit(0);
}

static _Noreturn void grow_before(unsigned int before, int ready)
{
	unsigned int children = 0;
	char byte;

	while (before > 0 && children < width) {
		usleep(pause_us);
		if (fork_or_die() > 0) {
			children++;
		} else {
			add_to_name(children);
			children = 0;
			before--;
		}
	}
	if (write(ready, "x", 1) != 1 || read(0, &byte, 1) < 0)
		err(1, "pipe");
	if (children > 0)
		levels_left = 0;
	grow();
}

static unsigned int size_of_tree(unsigned int levels)
{
	return levels ? 1 + width * size_of_tree(levels - 1) : 1;
}

static void make_pipe(int ends[2])
{
	if (pipe(ends) < 0)
		err(1, "pipe");
}

int main(int argc, char **argv)
{
	int ready[2], done[2];
	unsigned int before;
	char byte;

	if (argc == 5 && strcmp(argv[0], FIRST_WORD) == 0) {
		levels_left = (unsigned int)atoi(argv[1]);
		width = (unsigned int)atoi(argv[2]);
		opens = (unsigned int)atoi(argv[3]);
		snprintf(name, sizeof(name), "%s", argv[4]);
		grow();
	}
	if (argc < 6 || argc > 7)
		errx(2,
		     "usage: fork_tree BEFORE AFTER WIDTH OPENS NAME "
		     "[PAUSE_MS]");
	before = (unsigned int)atoi(argv[1]);
	levels_left = (unsigned int)atoi(argv[2]);
	width = (unsigned int)atoi(argv[3]);
	opens = (unsigned int)atoi(argv[4]);
	snprintf(name, sizeof(name), "%s", argv[5]);
	if (argc == 7)
		pause_us = (unsigned int)atoi(argv[6]) * 1000;

	make_pipe(ready);
	make_pipe(done);
	if (dup2(done[1], DONE_FD) < 0)
		err(1, "dup2");
	close(done[1]);
	if (fork_or_die() == 0)
		grow_before(before, ready[1]);
	close(DONE_FD);
	for (unsigned int left = size_of_tree(before); left > 0; left--)
		if (read(ready[0], &byte, 1) != 1)
			err(1, "ready");
	puts("ready");
	fflush(stdout);
	if (read(done[0], &byte, 1) != 0)
		errx(1, "done");
	return 0;
}
