// SPDX-License-Identifier: Apache-2.0
/*
 * Many processes that live for a millisecond, each of which opens one file,
 * whose name says what the process is.
 *
 *	short_lives CGROUP FOLDER PARENTS CHILDREN
 *
 * Makes so many processes one after another, four at a time, each with a name
 * and a cgroup of its own, and each the parent of so many children, of which
 * each runs one of several links to this program in FOLDER. A child opens
 * /none/PROGRAM/PARENT/UNIT. At the end, all processes, cgroups and links are
 * gone.
 *
 * Says "ready", and begins at the end of stdin. Exit status 0 means that all
 * went well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAMS = 7, AT_A_TIME = 4, LIFE_NS = 1000000 };

static const char *cgroup, *folder;

static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(2);
}

static void name_program(char *name, int number)
{
	snprintf(name, PATH_MAX, "%s/program-%d", folder, number % PROGRAMS);
}

static void name_cgroup(char *name, int number)
{
	snprintf(name, PATH_MAX, "%s/app.slice/unit-%d.service", cgroup,
		 number);
}

static int live(char **argv)
{
	const struct timespec life = {.tv_nsec = LIFE_NS};
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "/none%s/%s/%s", argv[0], argv[1],
		 argv[2]);
	if (open(name, O_RDONLY) >= 0 || errno != ENOENT)
		return 1;
	nanosleep(&life, NULL);
	return 0;
}

static void run_child(int number, char *parent, char *unit)
{
	char program[PATH_MAX];
	char *argv[] = {program, parent, unit, NULL};

	name_program(program, number);
	execv(program, argv);
	perror(program);
	_exit(1);
}

static void reap(int *left)
{
	int status;

	check(wait(&status), "wait");
	if (status != 0)
		exit(1);
	*left -= 1;
}

static void be_parent(int number, int children)
{
	char path[PATH_MAX], parent[32], unit[32];
	int left = 1;
	int fd;

	snprintf(parent, sizeof(parent), "parent-%d", number);
	snprintf(unit, sizeof(unit), "unit-%d.service", number);
	prctl(PR_SET_NAME, parent);
	name_cgroup(path, number);
	check(mkdir(path, 0755), path);
	strcat(path, "/cgroup.procs");
	fd = open(path, O_WRONLY);
	check((int)write(fd, "0", 1), path);
	close(fd);
	for (int i = 0; i < children; i++) {
		pid_t pid = vfork();

		check(pid, "vfork");
		if (pid == 0)
			run_child(i, parent, unit);
		left = 1;
		reap(&left);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	int running = 0;
	int parents;

	if (argc == 3)
		return live(argv);
	if (argc != 5)
		return 2;
	cgroup = argv[1];
	folder = argv[2];
	parents = atoi(argv[3]);
	for (int i = 0; i < PROGRAMS; i++) {
		name_program(path, i);
		check(linkat(AT_FDCWD, "/proc/self/exe", AT_FDCWD, path,
			     AT_SYMLINK_FOLLOW),
		      path);
	}
	puts("ready");
	fflush(stdout);
	getchar();
	for (int i = 0; i < parents; i++) {
		pid_t pid = fork();

		check(pid, "fork");
		if (pid == 0)
			be_parent(i, atoi(argv[4]));
		if (++running == AT_A_TIME)
			reap(&running);
	}
	while (running > 0)
		reap(&running);
	for (int i = 0; i < parents; i++) {
		name_cgroup(path, i);
		check(rmdir(path), path);
	}
	for (int i = 0; i < PROGRAMS; i++) {
		name_program(path, i);
		check(unlink(path), path);
	}
	return 0;
}
