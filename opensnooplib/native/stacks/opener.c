// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_CLOEXEC */
#include "stacks/opener.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/pass_fd.h"
#include "stacks/demangler.h"
#include "stacks/helper_child.h"
#include "stacks/parser.h"
#include "stacks/scout.h"

/* Besides openat(2); sigaltstack(2) is AddressSanitizer's, in tests. */
static const unsigned int calls[] = {
	__NR_read,  __NR_close,	      __NR_fstat,     __NR_newfstatat,
	__NR_lseek, __NR_sendmsg,     __NR_recvfrom,  __NR_brk,
	__NR_mmap,  __NR_munmap,      __NR_mremap,    __NR_mprotect,
	__NR_futex, __NR_sigaltstack, __NR_getrandom, __NR_exit_group,
};

static void pass(const void *message, size_t size, int fd)
{
	if (!send_with_fds(OPENER_PARSER_FD, message, size, &fd, fd >= 0))
		_exit(1);
	if (fd >= 0)
		close(fd);
}

static int open_mappings(uint32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Where packages put it; of the parser's message, only its bytes count. */
static int open_debug_file(const struct parser_message *wanted)
{
	char path[64 + 2 * BUILD_ID_MAX];
	char *end = path + sprintf(path, "/usr/lib/debug/.build-id/");

	for (int i = 0; i < wanted->id_size && i < BUILD_ID_MAX; i++)
		end += sprintf(end, i == 0 ? "%02x/" : "%02x", wanted->id[i]);
	sprintf(end, ".debug");
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void serve(const void *bytes, size_t size)
{
	struct scout_request request;
	struct parser_message answer;

	if (size != sizeof(request))
		_exit(1); /* somebody has taken over the trace */
	memcpy(&request, bytes, size);
	request.file.path[sizeof(request.file.path) - 1] = '\0';
	pass(&request, sizeof(request),
	     request.question == SCOUT_FUNCTION
		     ? mapped_file_open(&request.file, &request.changed)
		     : open_mappings(request.file.pid));
	for (;;) {
		if (recv(OPENER_PARSER_FD, &answer, sizeof(answer), 0) !=
		    sizeof(answer))
			_exit(1); /* the parser has crashed */
		if (answer.id_size == 0)
			return;
		pass("", 1, open_debug_file(&answer));
	}
}

/* Then the next request gets a new pair. */
static void parser_has_ended(int signal)
{
	(void)signal;
	_exit(1);
}

void opener_run(uint32_t user)
{
	const struct confined_argument to_read = ONLY_TO_READ;
	const struct confined_calls left = {calls, LENGTH(calls), &to_read, 1};
	int fds[2];
	pid_t parser;

	libdw_load();
	demangler_load();
	/* With 0 as the only open descriptor, these are 1 and 2. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		_exit(1);
	signal(SIGCHLD, parser_has_ended);
	parser = fork();
	if (parser < 0)
		_exit(1);
	if (parser == 0)
		dup2(fds[1], OPENER_PARSER_FD);
	close(fds[1]);
	if (parser == 0)
		parser_run(user);
	/* The last one is for /proc/PID/map_files. */
	confine(0,
		1ULL << CAP_SYS_PTRACE | 1ULL << CAP_DAC_READ_SEARCH |
			1ULL << CAP_CHECKPOINT_RESTORE,
		&left);
	helper_serve(serve);
}
