/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that the kernel creates for io_uring has a name such as iou-sqp-123.
 * It works for the process that it belongs to, whose name is shown instead.
 */
#pragma once

#include "extra/kernel_memory.h"

#define IO_WORKER 0x10 /* PF_IO_WORKER of linux/sched.h */

static void use_process_name(char *comm)
{
	u64 task = bpf_get_current_task();
	u32 flags = 0;
	u64 leader = 0;

	if (comm[0] != 'i' || comm[1] != 'o' || comm[2] != 'u')
		return;
	READ_AT(flags, task, TASK_FLAGS);
	if (!(flags & IO_WORKER))
		return;
	READ_AT(leader, task, TASK_GROUP_LEADER);
	bpf_probe_read_kernel(comm, TASK_COMM_LEN, (void *)leader + TASK_COMM);
}
