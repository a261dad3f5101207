// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* nanosleep */
#include "stacks/helper.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/kernel_clock.h"

/*
 * The time that one request may take: then the child is killed, and the next
 * request gets another one.
 */
#define REQUEST_NS_MAX (2 * NS_PER_SECOND)

/*
 * How long the trace waits in place, so that the first row of a program has its
 * names already: for all answers at a stretch, and 1/10 of all time. To read
 * the symbols of libc takes less than 1 ms, of LLVM 10 ms, and libc's debug
 * information, where it is installed, 80 ms; on a busy or an emulated machine,
 * ten times that. A person doesn't notice rows that come 200 ms late.
 */
#define WAIT_NS_MAX (NS_PER_SECOND / 5)
#define WAIT_SHARE  10

/* How often it looks whether a ring fills up: 64 KB may come in 1 ms. */
#define LOOK_MS 1

/* How often it looks for an answer that hasn't come in time. */
#define REST_NS (NS_PER_SECOND / 100)

/* How long helper_free() waits for children that were killed. */
#define EXIT_WAIT_MS 100

/*
 * Has a child that was killed ended? Nobody waits for it, since a file system
 * may block it forever. Only who forked it can, and must, wait for its PID.
 */
static bool has_ended(const struct helper_process *child)
{
	struct pollfd socket = {.fd = child->fd};

	return poll(&socket, 1, 0) > 0 && (socket.revents & POLLHUP) &&
	       waitpid(child->pid, NULL, WNOHANG) != 0;
}

/* How many children that were killed are still there. */
static unsigned int count_stuck(struct helper *helper)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < HELPERS_STUCK_MAX; i++) {
		struct helper_process *stuck = &helper->stuck[i];

		if (stuck->pid && has_ended(stuck)) {
			own_processes_end(helper->all->own,
					  (uint32_t)stuck->pid,
					  kernel_clock_ns());
			close(stuck->fd);
			stuck->pid = 0;
		}
		count += stuck->pid != 0;
	}
	return count;
}

static bool start(struct helper *helper)
{
	const struct helpers *all = helper->all;
	struct helper_process *child = &helper->child;

	if (count_stuck(helper) == HELPERS_STUCK_MAX)
		return false;
	child->fd = all->start(helper->kind, &child->pid);
	if (child->fd < 0) {
		child->pid = 0;
		return false;
	}
	helper->children++;
	own_processes_add(all->own, (uint32_t)child->pid);
	return true;
}

static void stop(struct helper *helper)
{
	unsigned int i = 0;

	helper->all->kill(helper->child.pid);
	while (helper->stuck[i].pid) /* one element is free: see start() */
		i++;
	helper->stuck[i] = helper->child;
	helper->child.pid = 0;
	count_stuck(helper);
}

void helper_free(struct helper *helper)
{
	const struct timespec one_ms = {.tv_nsec = 1000000};

	if (helper->child.pid)
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
		if (!helper->child.pid && !start(helper))
			return false;
		if (send(helper->child.fd, request, size,
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
	return saved < WAIT_NS_MAX ? saved : WAIT_NS_MAX;
}

/* The trace was busy with helpers since `begin`, or waited for them. */
static void use_up_time(struct helpers *all, uint64_t begin)
{
	const uint64_t most_saved = WAIT_SHARE * WAIT_NS_MAX;
	uint64_t used = kernel_clock_ns() - begin;

	if (all->free_from + most_saved < begin)
		all->free_from = begin - most_saved;
	/* It may be longer if the trace itself has been stopped. */
	all->free_from +=
		WAIT_SHARE * (used < WAIT_NS_MAX ? used : WAIT_NS_MAX);
}

/* Wait for the answer until then at most, and while that does no harm. */
static bool is_answered(const struct helper *helper, uint64_t until)
{
	const struct helpers *all = helper->all;
	struct pollfd answered = {.fd = helper->child.fd, .events = POLLIN};
	bool may_wait;
	int ready;

	do {
		may_wait = kernel_clock_ns() < until &&
			   (!all->may_wait || all->may_wait(all->context));
		ready = poll(&answered, 1, may_wait ? LOOK_MS : 0);
	} while (ready <= 0 && may_wait);
	return ready > 0;
}

/* Take the answer if it comes until then, or if none is due any more. */
static void take(struct helper *helper, uint64_t until)
{
	static _Alignas(max_align_t) unsigned char answer[HELPER_ANSWER_MAX];
	uint64_t due = helper->asked + REQUEST_NS_MAX;
	ssize_t size = 0;

	if (is_answered(helper, until < due ? until : due))
		size = recv(helper->child.fd, answer, sizeof(answer),
			    MSG_DONTWAIT);
	else if (kernel_clock_ns() < due)
		return;
	if (size <= 0) {
		stop(helper);
		size = 0;
	}
	helper->asked = 0;
	helper->take(helper->context, helper->request, answer, (size_t)size);
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
