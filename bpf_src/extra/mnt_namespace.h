/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of the caller's mount namespace, as /proc/PID/ns/mnt shows it.
 */
#pragma once

#include <linux/nsproxy.h>
#include <linux/ns_common.h>

#include "extra/kernel_memory.h"
#include "extra/mount_structs.h"

static u32 mount_namespace(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct nsproxy *nsproxy = KERNEL_FIELD(task, nsproxy);
	struct mnt_namespace *mnt_ns = KERNEL_FIELD(nsproxy, mnt_ns);

	return KERNEL_FIELD(mnt_ns, ns.inum);
}
