/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --children: processes and all their descendants.
 *
 * The map "followed" has an entry for each of these processes, by its number on
 * the host, with how many threads it has. A child is added when its parent
 * creates it, before it can run; a process is deleted with its last thread.
 *
 * The frontend adds the first processes. It doesn't know their threads, so they
 * have MANY_THREADS, never come down to 0, and stay until another process gets
 * their number.
 */
#include <uapi/linux/sched.h>

BPF_HASH(followed, u32, u64, FOLLOWED_ENTRIES);

#ifdef PID_NAMESPACE_INODE
/*
 * The first processes inside a container, by their numbers there, since the
 * frontend knows no others. Each is moved to "followed" when a program first
 * sees it.
 */
BPF_HASH(to_follow, u32, u64, FOLLOWED_ENTRIES);

static void begin_to_follow(u32 pid)
{
	u32 pid_inside = caller_pid_tgid() >> 32;
	u64 *threads = to_follow.lookup(&pid_inside);

	if (!threads)
		return;
	followed.update(&pid, threads);
	to_follow.delete(&pid_inside);
}
#else
#define begin_to_follow(pid)
#endif

/* How many threads the caller's process has; NULL if it isn't followed. */
static u64 *followed_threads(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;

	begin_to_follow(pid);
	return followed.lookup(&pid);
}

/* The caller has created a thread or a process, which doesn't run yet. */
TRACEPOINT_PROBE(task, task_newtask)
{
	u64 *threads = followed_threads();
	u32 child = args->pid;
	u64 one = 1;

	if (args->clone_flags & CLONE_THREAD) {
		if (threads)
			lock_xadd(threads, 1);
	} else if (!threads) {
		followed.delete(&child); /* an older process of this number */
	} else if (followed.update(&child, &one) < 0) {
		count(NOT_FOLLOWED);
	}
	return 0;
}

static void forget_followed_thread(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 *threads = followed_threads();

	if (!threads)
		return;
	lock_xadd(threads, -1);
	if (*threads == 0)
		followed.delete(&pid);
}
