/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields that are compiled in only if they are asked for: --columns ppid,
 * for example, defines WANT_PPID.
 */
#ifdef WANT_PPID
static u32 parent_pid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = KERNEL_FIELD(task, real_parent);

	return KERNEL_FIELD(parent, tgid);
}
#endif

#ifdef WANT_MNTNS
#include "extra/mnt_namespace.h"
#endif

#ifdef WANT_CALLERS
#include "extra/callers.h"
#endif

static void fill_optional_fields(struct event *event,
				 const struct open_args *open)
{
#ifdef WANT_LATENCY
	event->latency = 0; /* unknown, unless the begin was seen */
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
	event->mntns = mount_namespace();
#endif
}
