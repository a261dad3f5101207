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

/*
 * What one request may take: ns, bytes of memory. Then the child is killed, and
 * the next request gets another one.
 */
#define REQUEST_NS_MAX	 (2 * NS_PER_SECOND)
#define MEMORY_BYTES_MAX ((rlim_t)256 * 1024 * 1024)

/*
 * How long the trace waits in place, so that the first row of a program has its
 * names already: for one answer, for all answers at a stretch, and 1/10 of all
 * time. To read the symbols of libc takes less than 1 ms, and of LLVM 10 ms; on
 * a busy or an emulated machine, ten times that. A person doesn't notice rows
 * that come 200 ms late.
 */
#define ANSWER_NS_MAX  (NS_PER_SECOND / 10)
#define STRETCH_NS_MAX (2 * ANSWER_NS_MAX)
#define WAIT_SHARE     10

/* How often it looks meanwhile whether a ring fills up: 64 KB may come in 1 ms.
 */
#define LOOK_MS 1

/* How often it looks for an answer that hasn't come in time. */
#define REST_NS (NS_PER_SECOND / 100)

/* How long helper_free() waits for children that were killed. */
#define EXIT_WAIT_MS 100

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
	static _Alignas(max_align_t) unsigned char request[HELPER_REQUEST_MAX];
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
			own_processes_end(helper->all->own, (uint32_t)*stuck,
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
	own_processes_add(helper->all->own, (uint32_t)helper->child);
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

/* The time that the trace may wait from now on: ns. */
static uint64_t time_to_wait(const struct helpers *all, uint64_t now)
{
	uint64_t saved = 0;

	if (now < all->calm_until)
		return all->calm_until - now;
	if (now > all->free_from)
		saved = (now - all->free_from) / WAIT_SHARE;
	return saved < ANSWER_NS_MAX ? saved : ANSWER_NS_MAX;
}

/* The trace was busy with helpers since `begin`, or waited for them. */
static void use_up_time(struct helpers *all, uint64_t begin)
{
	const uint64_t most_saved = WAIT_SHARE * STRETCH_NS_MAX;
	uint64_t used = kernel_clock_ns() - begin;

	if (all->free_from + most_saved < begin)
		all->free_from = begin - most_saved;
	/* It may be longer if the trace itself has been stopped. */
	all->free_from +=
		WAIT_SHARE * (used < STRETCH_NS_MAX ? used : STRETCH_NS_MAX);
}

/* Wait for a packet until then at most, and while that does no harm. */
static bool has_packet(const struct helper *helper, uint64_t until)
{
	const struct helpers *all = helper->all;
	struct pollfd answered = {.fd = helper->fd, .events = POLLIN};
	bool may_wait;
	int ready;

	do {
		may_wait = kernel_clock_ns() < until &&
			   (!all->may_wait || all->may_wait(all->context));
		ready = poll(&answered, 1, may_wait ? LOOK_MS : 0);
	} while (ready <= 0 && may_wait);
	return ready > 0;
}

/* Take packets that come until then, but one that is there in any case. */
static void take(struct helper *helper, uint64_t until)
{
	static _Alignas(max_align_t) unsigned char packet[HELPER_PACKET_MAX];

	do {
		uint64_t due = helper->asked + REQUEST_NS_MAX;
		bool is_last;
		ssize_t size = 0;

		if (has_packet(helper, until < due ? until : due))
			size = recv(helper->fd, packet, sizeof(packet),
				    MSG_DONTWAIT);
		else if (kernel_clock_ns() < due)
			return;
		if (size <= 0) {
			stop(helper);
			size = 0;
		}
		is_last = helper->take(helper->context, helper->request, packet,
				       (size_t)size);
		helper->asked = is_last || size == 0 ? 0 : kernel_clock_ns();
	} while (helper->asked && helper->asked < until);
}

bool helper_is_ready(struct helper *helper)
{
	uint64_t now = kernel_clock_ns();

	if (now < helper->rests)
		return false;
	if (helper->asked) {
		take(helper, 0);
		use_up_time(helper->all, now);
	}
	if (helper->asked)
		helper->rests = now + REST_NS;
	return !helper->asked;
}

bool helper_ask(struct helper *helper, const void *request, size_t size)
{
	uint64_t begin = kernel_clock_ns();
	bool is_sent;

	if (!helper_is_ready(helper))
		return false;
	is_sent = send_request(helper, request, size);
	if (is_sent) {
		memcpy(helper->request, request, size);
		helper->asked = begin;
		take(helper, begin + time_to_wait(helper->all, begin));
	}
	if (helper->asked || !is_sent)
		helper->rests = kernel_clock_ns() + REST_NS;
	use_up_time(helper->all, begin);
	return is_sent;
}
