/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's command line, which is in its own memory: it can change it.
 */
#include "extra/kernel_memory.h"

static void fill_args(struct event *event, struct task_struct *task)
{
	struct mm_struct *mm = KERNEL_FIELD(task, mm);
	u64 start = KERNEL_FIELD(mm, arg_start);
	u64 size = KERNEL_FIELD(mm, arg_end) - start;
	const u64 most = sizeof(event->args) - 1;
	bool cut = size > most + 1; /* the last is a NUL */
	char last = '\0';

	__builtin_memset(event->args, 0, sizeof(event->args));
	bpf_probe_read_user(&last, 1, (void *)(start + size - 1));
	keep_in_one_register(size);
	if (size > most)
		size = most;
	/* A program has written a title, which can go beyond the end. */
	if (last)
		cut = bpf_probe_read_user_str(event->args, sizeof(event->args),
					      (void *)start) > most;
	else if (bpf_probe_read_user(event->args, size, (void *)start) < 0)
		cut = true;
	event->args[most] = cut;
}
