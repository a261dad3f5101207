// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* close_range */
#include "demangler.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child may take, and how many may fall over. */
#define MEMORY_MAX   ((rlim_t)256 * 1024 * 1024)
#define SECONDS_MAX  1 /* of a processor */
#define PATIENCE_MS  5000
#define CHILDREN_MAX 4

/* Longer names stay as they are; longer answers are cut. */
#define NAME_MAX_SIZE 4096

typedef char *(*cxa_demangle)(const char *name, char *out, size_t *size,
			      int *status);

/* Of the Itanium C++ ABI, as libstdc++ and libc++abi have it. */
static cxa_demangle find_function(void)
{
	static const char *const libraries[] = {"libstdc++.so.6",
						"libc++abi.so.1"};

	for (size_t i = 0; i < 2; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY);
		void *function =
			library ? dlsym(library, "__cxa_demangle") : NULL;

		if (function)
			return (cxa_demangle)function;
	}
	return NULL;
}

/* An empty answer: it isn't mangled. */
static void answer(int fd, cxa_demangle function, const char *name)
{
	char *text = function ? function(name, NULL, NULL, NULL) : NULL;
	size_t size = text ? strnlen(text, NAME_MAX_SIZE - 1) : 0;
	char out[NAME_MAX_SIZE] = "";

	if (text)
		memcpy(out, text, size);
	free(text);
	send(fd, out, size + 1, MSG_NOSIGNAL);
}

/* As number 0. The others are the trace's: its programs end with the last. */
static void keep_one_descriptor(int fd)
{
	dup2(fd, 0);
#ifdef __NR_close_range /* since Linux 5.9 and, in glibc, 2.34 */
	if (syscall(__NR_close_range, 1, ~0U, 0) == 0)
		return;
#endif
	for (int other = (int)sysconf(_SC_OPEN_MAX); other > 0; other--)
		close(other);
}

_Noreturn static void serve(int fd, cxa_demangle function)
{
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
	const struct rlimit time = {SECONDS_MAX, SECONDS_MAX};
	const struct rlimit no_core = {0, 0};
	char name[NAME_MAX_SIZE];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the trace */
	keep_one_descriptor(fd);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &time);
	setrlimit(RLIMIT_DATA, &memory);
	for (;;) {
		ssize_t size = recv(0, name, sizeof(name) - 1, 0);

		if (size <= 0)
			_exit(0);
		name[size] = '\0';
		answer(0, function, name);
	}
}

static bool start(struct demangler *demangler)
{
	cxa_demangle function;
	int fds[2];

	if (demangler->children >= CHILDREN_MAX ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return false;
	demangler->children++;
	/* Here: what the child opens would be shown as anybody's opens are. */
	function = find_function();
	demangler->child = fork();
	if (demangler->child == 0)
		serve(fds[1], function);
	close(fds[1]);
	if (demangler->child < 0) {
		demangler->child = 0;
		close(fds[0]);
		return false;
	}
	demangler->fd = fds[0];
	return true;
}

static void stop(struct demangler *demangler)
{
	kill(demangler->child, SIGKILL);
	waitpid(demangler->child, NULL, 0);
	close(demangler->fd);
	demangler->child = 0;
}

static bool ask(const struct demangler *demangler, const char *name, char *out,
		size_t room)
{
	struct pollfd answered = {.fd = demangler->fd, .events = POLLIN};
	ssize_t size;
	int ready;

	if (send(demangler->fd, name, strlen(name), MSG_NOSIGNAL) < 0)
		return false;
	do
		ready = poll(&answered, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return false;
	size = recv(demangler->fd, out, room - 1, 0);
	if (size <= 0)
		return false;
	out[size] = '\0';
	return true;
}

bool demangle(struct demangler *demangler, const char *name, char *out,
	      size_t room)
{
	if (strncmp(name, "_Z", 2) != 0 ||
	    strnlen(name, NAME_MAX_SIZE) >= NAME_MAX_SIZE)
		return false;
	if (!demangler->child && !start(demangler))
		return false;
	if (!ask(demangler, name, out, room)) {
		stop(demangler);
		return false;
	}
	return out[0] != '\0';
}

void demangler_free(struct demangler *demangler)
{
	if (demangler->child)
		stop(demangler);
}
