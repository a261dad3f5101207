// SPDX-License-Identifier: Apache-2.0
/*
 * Makes true opens look like ones that seccomp refuses with a signal:
 *
 *	sigsys_open PATH COUNT [under-seccomp]
 *
 * SIGSYS comes while the open is under way, since the thread asks for it when
 * somebody opens the file; and the descriptor, the lowest one free, is the
 * number of the system call. With the last word, under a filter of seccomp(2)
 * that allows everything. Prints how many opens returned that number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void ignore(int number)
{
	(void)number;
}

static void allow_everything(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = {1, &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		fail("seccomp");
}

/* Returns a descriptor of the opens of the file; each of them sends SIGSYS. */
static int watch(const char *path)
{
	struct f_owner_ex me = {F_OWNER_TID, (pid_t)syscall(SYS_gettid)};
	int fd = inotify_init1(IN_NONBLOCK);

	signal(SIGSYS, ignore);
	if (fd < 0 || inotify_add_watch(fd, path, IN_OPEN) < 0 ||
	    fcntl(fd, F_SETSIG, SIGSYS) || fcntl(fd, F_SETOWN_EX, &me) ||
	    fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK))
		fail("inotify");
	return fd;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 0;
	long equal = 0;
	char events[4096];
	int fd;
	int opens;

	if (argc > 3)
		allow_everything();
	opens = watch(argv[1]);
	for (fd = opens + 1; fd < SYS_openat; fd++)
		if (dup2(opens, fd) < 0)
			fail("dup2");
	while (count-- > 0) {
		fd = (int)syscall(SYS_openat, AT_FDCWD, argv[1], O_RDONLY);
		equal += fd == SYS_openat;
		if (fd < 0 || read(opens, events, sizeof(events)) <= 0)
			fail(argv[1]);
		close(fd);
	}
	printf("%ld\n", equal);
	return 0;
}
