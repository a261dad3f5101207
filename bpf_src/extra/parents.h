/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of the caller's parent, of that one's parent, and so on.
 */
#include "extra/kernel_memory.h"

/* A thread has the parent of its process. */
static struct task_struct *parent_of(struct task_struct *task)
{
	struct task_struct *parent = KERNEL_FIELD(task, real_parent);

	return KERNEL_FIELD(parent, group_leader);
}

/* Up to PID 1, or to a thread of the kernel's that has no parent. */
static void fill_parents(struct event *event, struct task_struct *task)
{
	const u64 most = sizeof(event->parents);
	u64 at = 0;

	__builtin_memset(event->parents, 0, sizeof(event->parents));
	for (int i = 0; i < sizeof(event->parents) / TASK_COMM_LEN; i++) {
		task = parent_of(task);
		if (KERNEL_FIELD(task, tgid) == 0)
			return;
		keep_in_one_register(at);
		if (at > most - TASK_COMM_LEN)
			break;
		at += bpf_probe_read_kernel_str(event->parents + at,
						TASK_COMM_LEN, &task->comm);
		if (KERNEL_FIELD(task, tgid) == 1)
			return;
	}
	event->parents[most - 1] = true;
}
