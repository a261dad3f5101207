// SPDX-License-Identifier: Apache-2.0
/*
 * Name cgroups, as a user may to whom one was delegated, and open a file in
 * them.
 *
 * usage: delegated CGROUP NAME DEPTH FILE
 *
 * The first line from stdin makes DEPTH cgroups called NAME, each in the one
 * before, of which the first is in CGROUP, and moves to the innermost. Every
 * further line opens FILE ten times. Each is answered with a line. At the end
 * of stdin, they are removed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static void move_to(int procs)
{
	check(procs, "cgroup.procs");
	check((int)write(procs, "0", 1), "write");
}

/* False at the end of stdin. */
static int next_line(void)
{
	char line[16];

	return fgets(line, sizeof(line), stdin) != NULL;
}

int main(int argc, char **argv)
{
	const char *name = argc == 5 ? argv[2] : "";
	int depth = argc == 5 ? atoi(argv[3]) : 0;
	int top;

	next_line();
	check(chdir(argv[1]), argv[1]);
	top = open("cgroup.procs", O_WRONLY);
	for (int i = 0; i < depth; i++) {
		check(mkdir(name, 0755), name);
		check(chdir(name), name);
	}
	move_to(open("cgroup.procs", O_WRONLY));
	for (puts("moved"); fflush(stdout) == 0 && next_line(); puts("opened"))
		for (int i = 0; i < 10; i++)
			close(open(argv[4], O_RDONLY));
	move_to(top);
	for (int i = 0; i < depth; i++) {
		check(chdir(".."), "..");
		check(rmdir(name), name);
	}
	return 0;
}
