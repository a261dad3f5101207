/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's mount namespace, by the number that /proc/PID/ns/mnt shows.
 */
#ifndef MNT_NAMESPACE_H
#define MNT_NAMESPACE_H

#include <linux/nsproxy.h>
#include <linux/ns_common.h>

/*
 * The kernel keeps struct mnt_namespace in fs/mount.h, which no package of
 * kernel headers holds. Its start is all that we need: 5.11 took the count
 * away (commit 1a7b8969e664). Where BTF gives the true struct, it is there.
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
