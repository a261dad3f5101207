/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record holds only if it is asked for: --columns ppid, for example,
 * defines WANT_PPID.
 */
#ifdef WANT_PPID
static u32 parent_pid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return task->real_parent->tgid;
}
#endif

#ifdef WANT_MNTNS
#include <linux/nsproxy.h>
#include <linux/ns_common.h>
#include "mnt_namespace.h"

static u32 mnt_namespace_inode(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return task->nsproxy->mnt_ns->ns.inum;
}
#endif

#ifdef WANT_CALLERS
#include "callers.h"
#endif

static void fill_wanted(struct event *event, const struct open_args *open)
{
#ifdef WANT_LATENCY
	event->latency = 0; /* not known, unless the begin was seen */
#endif
#ifdef WANT_CGROUP_ID
	event->cgroup_id = bpf_get_current_cgroup_id();
#endif
#ifdef WANT_CALL
	event->call = open->call + (open->is_32_bit ? CALL_OPEN_32 : 0);
#endif
#ifdef WANT_GID
	event->gid = bpf_get_current_uid_gid() >> 32;
#endif
#ifdef WANT_PPID
	event->ppid = parent_pid();
#endif
#ifdef WANT_MNTNS
	event->mntns = mnt_namespace_inode();
#endif
}
