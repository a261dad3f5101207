/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --unit: is the caller in a cgroup of this name, or in one below it?
 */
#include "extra/cgroup_names.h"

/* What was found out of a cgroup, by its ID: neither ever changes. */
BPF_TABLE("lru_hash", u64, u8, unit_cgroups, 4096);

/*
 * SELECT_UNIT(name) is true for the wanted names, with their NULs. UNIT_ROOM is
 * larger than any: a name that is cut matches none.
 */
static bool cgroup_is_in_unit(struct cgroup_subsys_state *state)
{
	for (int level = 0; level < CGROUP_LEVELS && state; level++) {
		char name[UNIT_ROOM] = {};

		read_cgroup_name(name, sizeof(name), state);
		if (SELECT_UNIT(name))
			return true;
		state = KERNEL_FIELD(state, parent);
	}
	return false;
}

static bool in_unit(void)
{
	u64 id = bpf_get_current_cgroup_id();
	u8 *known = unit_cgroups.lookup(&id);
	u8 found;

	if (known)
		return *known;
	found = cgroup_is_in_unit(cgroup_of_caller());
	unit_cgroups.update(&id, &found);
	return found;
}
