/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cgroup and --container: is the caller in a cgroup of version 2, or in one
 * below it?
 */

/* Cgroups of version 2, which the frontend puts in. */
BPF_CGROUP_ARRAY(cgroups, CGROUP_SLOTS);

static bool in_cgroup(int index)
{
	return cgroups.check_current_task(index) > 0;
}
