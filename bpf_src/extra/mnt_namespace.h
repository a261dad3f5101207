/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of the caller's mount namespace, as /proc/PID/ns/mnt shows it.
 */
#ifndef MNT_NAMESPACE_H
#define MNT_NAMESPACE_H

#include <linux/nsproxy.h>
#include <linux/ns_common.h>

/*
 * The start of struct mnt_namespace, for kernel headers: fs/mount.h, which has
 * it, is in no package of them. Linux 5.11 removed the count (1a7b8969e664).
 */
#ifndef KERNEL_STRUCTS_FROM_BTF
struct mnt_namespace {
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
	atomic_t count;
#endif
	struct ns_common ns;
};
#endif

static u32 mount_namespace(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct nsproxy *nsproxy = KERNEL_FIELD(task, nsproxy);
	struct mnt_namespace *mnt_ns = KERNEL_FIELD(nsproxy, mnt_ns);

	return KERNEL_FIELD(mnt_ns, ns.inum);
}

#endif
