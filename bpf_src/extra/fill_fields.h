/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills the fields of optional_fields.h.
 */
#if WANT_PPID || WANT_MNTNS
#include "extra/mnt_namespace.h"

static u32 parent_pid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = KERNEL_FIELD(task, real_parent);

	return KERNEL_FIELD(parent, tgid);
}
#endif

static void fill_fields(struct event *event, const struct open_args *open)
{
	if (WANT_CGROUP_ID)
		event->cgroup_id = bpf_get_current_cgroup_id();
	if (WANT_CALL)
		event->call = open->call;
	if (WANT_GID)
		event->gid = bpf_get_current_uid_gid() >> 32;
	CALL_IF(WANT_PPID, event->ppid = parent_pid());
	CALL_IF(WANT_MNTNS, event->mntns = mount_namespace());
}
