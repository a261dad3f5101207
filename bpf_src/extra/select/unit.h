/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --unit: is the caller in a cgroup of a wanted name, or in one below it, and
 * in none of an excluded name?
 */
#include "extra/cgroup_names.h"

/*
 * What was found out about cgroups: the ID, shifted by one, and the answer as
 * the lowest bit, in one word, which is written at once. Neither ever changes.
 * Of cgroups that share a slot, by the low bits of their IDs, the last one is
 * kept. An array's look-up costs far less than a hash map's.
 */
#define UNIT_SLOTS 4096
BPF_ARRAY(unit_cgroups, u64, UNIT_SLOTS);

/*
 * SELECT_UNIT(name) is true for the wanted names, with their NULs, and for all
 * if none is wanted; EXCLUDE_UNIT(name) for the excluded ones. UNIT_ROOM is
 * larger than any: a name that is cut matches none.
 */
static bool is_below_unit(char *name, struct cgroup_subsys_state *state,
			  bool excluded)
{
	for (int level = 0; level < CGROUP_LEVELS && state; level++) {
		read_cgroup_name(name, UNIT_ROOM, state);
		if (excluded ? EXCLUDE_UNIT(name) : SELECT_UNIT(name))
			return true;
		state = KERNEL_FIELD(state, parent);
	}
	return state && !excluded; /* too deep to tell: it may be wanted */
}

/* One loop after the other: the verifier would follow both in all mixtures. */
static bool is_in_unit(struct cgroup_subsys_state *state)
{
	char name[UNIT_ROOM] = {}; /* for both: it is half of the stack */

	return !is_below_unit(name, state, true) &&
	       is_below_unit(name, state, false);
}

/* The ID and the answer, both of this cgroup: the caller may be moved now. */
static u64 find_answer(struct cgroup_subsys_state *state)
{
	struct kernfs_node *node = cgroup_node(state);

	return (u64)KERNEL_FIELD(node, id) << 1 | is_in_unit(state);
}

static bool unit_selected(void)
{
	u64 id = bpf_get_current_cgroup_id();
	u32 slot = id % UNIT_SLOTS;
	u64 *known = unit_cgroups.lookup(&slot);
	u64 answer;

	if (!known)
		return false; /* never: the array has the slot */
	answer = *known;
	if (answer >> 1 != id)
		answer = *known = find_answer(cgroup_of_caller());
	return answer & 1;
}
