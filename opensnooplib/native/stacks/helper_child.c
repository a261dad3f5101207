// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "stacks/helper_child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stacks/helper.h"

/* What a child may use, in bytes. */
#define MEMORY_BYTES_MAX ((rlim_t)256 * 1024 * 1024)

static void begin(int fd)
{
	const struct rlimit memory = {MEMORY_BYTES_MAX, MEMORY_BYTES_MAX};
	const struct rlimit no_core = {0, 0};

	/* Ctrl-C is for the trace; and no helper may write to its terminal. */
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, 0) < 0 || syscall(__NR_close_range, 1, ~0U, 0) < 0)
		_exit(1);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_DATA, &memory);
}

int helper_fork(void (*run)(uint32_t user), uint32_t user, pid_t *pid)
{
	int fds[2];
	int error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	*pid = fork();
	error = -errno;
	if (*pid == 0) {
		begin(fds[1]);
		run(user);
		_exit(0);
	}
	close(fds[1]);
	if (*pid > 0)
		return fds[0];
	close(fds[0]);
	return error;
}

void helper_serve(void (*serve)(const void *request, size_t size))
{
	static _Alignas(max_align_t) unsigned char request[HELPER_REQUEST_MAX];
	ssize_t size;

	while ((size = recv(0, request, sizeof(request), 0)) > 0)
		serve(request, (size_t)size);
	_exit(0);
}

void helper_reply(const void *answer, size_t size)
{
	send(0, answer, size, MSG_NOSIGNAL);
}

void helper_refuse_more(void)
{
	shutdown(0, SHUT_RD);
}
