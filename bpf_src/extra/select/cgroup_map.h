/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cgroupmap: is the caller's cgroup in the pinned map?
 */
BPF_TABLE_PINNED("hash", u64, u64, cgroup_set, 1024, CGROUP_MAP);

static bool cgroup_in_map(void)
{
	u64 id = bpf_get_current_cgroup_id();

	return cgroup_set.lookup(&id) != NULL;
}
