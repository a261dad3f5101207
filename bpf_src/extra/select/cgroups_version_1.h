/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cgroup and --container: is the caller in a cgroup of version 1, or in one
 * below it?
 */
#include "extra/cgroup_names.h"

/* A cgroup of version 1: a controller of its hierarchy, and its ID there. */
static bool in_cgroup_1(enum cgroup_subsys_id controller, u64 id)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct css_set *set = KERNEL_FIELD(task, cgroups);
	struct cgroup_subsys_state *state =
		KERNEL_FIELD(set, subsys[controller]);

	for (int level = 0; level < CGROUP_LEVELS && state; level++) {
		struct kernfs_node *node = cgroup_node(state);

		if (KERNEL_FIELD(node, id) == id)
			return true;
		state = KERNEL_FIELD(state, parent);
	}
	return false;
}
