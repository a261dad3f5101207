/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of the caller's cgroup and of those above it. The kernel has them
 * as long as there is a process in the cgroup.
 */
#pragma once

#include <linux/cgroup-defs.h>
#include <linux/kernfs.h>

#include "extra/kernel_memory.h"

/* How many levels up a cgroup is looked for; runtimes use fewer than ten. */
#define CGROUP_LEVELS 64

/* The cgroup of version 2; `parent` of struct cgroup_subsys_state leads up. */
static struct cgroup_subsys_state *cgroup_of_caller(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct css_set *set = KERNEL_FIELD(task, cgroups);
	struct cgroup *cgroup = KERNEL_FIELD(set, dfl_cgrp);

	return &cgroup->self;
}

static struct kernfs_node *cgroup_node(struct cgroup_subsys_state *state)
{
	struct cgroup *cgroup = KERNEL_FIELD(state, cgroup);

	return KERNEL_FIELD(cgroup, kn);
}

/* Returns the size with the NUL, cut to `size`. */
static long read_cgroup_name(char *name, u32 size,
			     struct cgroup_subsys_state *state)
{
	struct kernfs_node *node = cgroup_node(state);

	return bpf_probe_read_kernel_str(name, size, KERNEL_FIELD(node, name));
}
