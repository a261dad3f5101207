/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --children: processes, and all that descend from them.
 *
 * The map "followed" holds these processes by the host's numbers, each with
 * how many threads it has. A child joins it when its parent makes it, before
 * it can run; a process leaves it with its last thread.
 *
 * The frontend puts the first ones in, and doesn't know their threads: they
 * have MANY_THREADS, never come down to 0, and stay until another process
 * gets their number.
 */
#include <uapi/linux/sched.h>

BPF_HASH(followed, u32, u64, FOLLOWED_ENTRIES);

#ifdef PID_NAMESPACE_INODE
/*
 * Inside a container the frontend knows the container's numbers only. It puts
 * them here, and a process moves to "followed" when it first does something.
 */
BPF_HASH(to_follow, u32, u64, FOLLOWED_ENTRIES);

static void begin_to_follow(u32 pid)
{
	u32 number_inside = caller_pid_tgid() >> 32;
	u64 *found = to_follow.lookup(&number_inside);
	u64 threads;

	if (!found)
		return;
	threads = *found;
	followed.update(&pid, &threads);
	to_follow.delete(&number_inside);
}
#endif

/* How many threads the caller's process has; NULL if it isn't followed. */
static u64 *threads_if_followed(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;

#ifdef PID_NAMESPACE_INODE
	begin_to_follow(pid);
#endif
	return followed.lookup(&pid);
}

/* The caller has made a thread or a process, which doesn't run yet. */
static void note_new_task(u32 child, bool is_thread)
{
	u64 *threads = threads_if_followed();
	u64 one = 1;

	if (is_thread) {
		if (threads)
			lock_xadd(threads, 1);
	} else if (!threads) {
		followed.delete(&child); /* one of that number was followed */
	} else if (followed.update(&child, &one) < 0) {
		count(NOT_FOLLOWED);
	}
}

TRACEPOINT_PROBE(task, task_newtask)
{
	note_new_task(args->pid, args->clone_flags & CLONE_THREAD);
	return 0;
}

static void thread_exits(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 *threads = threads_if_followed();

	if (!threads)
		return;
	lock_xadd(threads, -1);
	if (*threads == 0)
		followed.delete(&pid);
}
