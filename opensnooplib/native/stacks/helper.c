// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "stacks/helper.h"

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
#include <time.h>
#include <unistd.h>

#include "base/kernel_clock.h"

/* What one request may take: ns, bytes of memory. */
#define REQUEST_NS_MAX	 (2 * NS_PER_SECOND)
#define MEMORY_BYTES_MAX ((rlim_t)256 * 1024 * 1024)

/* The trace waits for at most so many ns at a stretch, and 1/4 of all time. */
#define WAIT_NS_MAX (5 * NS_PER_SECOND)
#define WAIT_SHARE  4

/* How long helper_free() waits for children that were killed. */
#define EXIT_WAIT_MS 100

void helper_init(struct helper *helper,
		 void (*serve)(const void *request, size_t size),
		 struct own_processes *own)
{
	*helper = (struct helper){
		.serve = serve,
		.own = own,
		.end = UINT64_MAX,
	};
}

/*
 * Keep `fd`, as number 0. The others are the trace's, and its BPF programs are
 * detached when the last copy of a descriptor is closed.
 */
static void keep_one_descriptor(int fd)
{
	if (dup2(fd, 0) < 0 || syscall(__NR_close_range, 1, ~0U, 0) < 0)
		_exit(1);
}

_Noreturn static void serve(const struct helper *helper, int fd)
{
	static _Alignas(max_align_t) unsigned char request[HELPER_PACKET_MAX];
	const struct rlimit memory = {MEMORY_BYTES_MAX, MEMORY_BYTES_MAX};
	const struct rlimit no_core = {0, 0};
	const int for_trace[] = {SIGINT, SIGTERM, SIGHUP};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < sizeof(for_trace) / sizeof(*for_trace); i++)
		signal(for_trace[i], SIG_IGN);
	keep_one_descriptor(fd);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_DATA, &memory);
	for (;;) {
		ssize_t size = recv(0, request, sizeof(request), 0);

		if (size <= 0)
			_exit(0);
		helper->serve(request, (size_t)size);
	}
}

void helper_reply(const void *answer, size_t size)
{
	send(0, answer, size, MSG_NOSIGNAL);
}

void helper_refuse_more(void)
{
	shutdown(0, SHUT_RD);
}

/*
 * How many children that were killed are still there. They are not waited for:
 * a file system may block them forever.
 */
static unsigned int count_stuck(struct helper *helper)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < HELPERS_STUCK_MAX; i++) {
		pid_t *stuck = &helper->stuck[i];

		if (*stuck && waitpid(*stuck, NULL, WNOHANG) != 0) {
			own_processes_end(helper->own, (uint32_t)*stuck,
					  kernel_clock_ns());
			*stuck = 0;
		}
		count += *stuck != 0;
	}
	return count;
}

static bool start(struct helper *helper)
{
	int fds[2];

	if (count_stuck(helper) == HELPERS_STUCK_MAX ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return false;
	helper->child = fork();
	if (helper->child == 0)
		serve(helper, fds[1]);
	close(fds[1]);
	if (helper->child < 0) {
		helper->child = 0;
		close(fds[0]);
		return false;
	}
	helper->fd = fds[0];
	helper->children++;
	own_processes_add(helper->own, (uint32_t)helper->child);
	return true;
}

static void stop(struct helper *helper)
{
	unsigned int i = 0;

	kill(helper->child, SIGKILL);
	close(helper->fd);
	while (helper->stuck[i]) /* one element is free: see start() */
		i++;
	helper->stuck[i] = helper->child;
	helper->child = 0;
	count_stuck(helper);
}

void helper_free(struct helper *helper)
{
	const struct timespec one_ms = {.tv_nsec = 1000000};

	if (helper->child)
		stop(helper);
	for (int ms = 0; ms < EXIT_WAIT_MS && count_stuck(helper) > 0; ms++)
		nanosleep(&one_ms, NULL);
}

void helper_hurry(struct helper *helper)
{
	uint64_t end = kernel_clock_ns() + NS_PER_SECOND;

	if (helper->end > end)
		helper->end = end;
}

static bool send_request(struct helper *helper, const void *request,
			 size_t size)
{
	/*
	 * A second try, since the child may refuse more, or may have been
	 * killed from outside.
	 */
	for (int try = 0; try < 2; try++) {
		if (!helper->child && !start(helper))
			return false;
		if (send(helper->fd, request, size,
			 MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
			return true;
		stop(helper);
	}
	return false;
}

static bool wait_for_answer(struct helper *helper, uint64_t asked)
{
	struct pollfd answered = {.fd = helper->fd, .events = POLLIN};
	int ready;

	do {
		uint64_t deadline = asked + REQUEST_NS_MAX;
		int64_t left;

		if (deadline > helper->end)
			deadline = helper->end;
		left = (int64_t)(deadline - kernel_clock_ns());
		ready = poll(&answered, 1,
			     left > 0 ? (int)(left / 1000000) + 1 : 0);
		/* A signal that is caught ends the trace. */
		if (ready < 0)
			helper_hurry(helper);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

bool helper_has_time(const struct helper *helper)
{
	uint64_t now = kernel_clock_ns();

	return helper->free_from < now && helper->end > now;
}

ssize_t helper_ask(struct helper *helper, const void *request, size_t size,
		   void *answer, size_t room)
{
	const uint64_t paid_back = WAIT_SHARE * WAIT_NS_MAX;
	uint64_t now = kernel_clock_ns();
	uint64_t waited;
	ssize_t got = -1;

	if (helper->free_from + paid_back < now)
		helper->free_from = now - paid_back;
	if (!helper_has_time(helper) || !send_request(helper, request, size))
		return 0;
	if (wait_for_answer(helper, now))
		got = recv(helper->fd, answer, room, MSG_DONTWAIT);
	if (got <= 0)
		stop(helper);
	/* It may be longer if the trace itself has been stopped. */
	waited = kernel_clock_ns() - now;
	helper->free_from +=
		WAIT_SHARE *
		(waited < REQUEST_NS_MAX ? waited : REQUEST_NS_MAX);
	return got > 0 ? got : -1;
}
