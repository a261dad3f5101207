/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Optional fields that come from the kernel's own structs.
 */
#include "extra/mnt_namespace.h"

static u32 parent_pid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = KERNEL_FIELD(task, real_parent);

	return KERNEL_FIELD(parent, tgid);
}
