/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The systemd unit that the caller belongs to: systemd names cgroups after
 * units. Of several, one inside another, it is the innermost.
 */
#include "extra/cgroup_names.h"

/* `end` is behind the NUL. */
static bool is_service(const char *end, u64 size)
{
	return size >= sizeof(".service") && end[-9] == '.' && end[-8] == 's' &&
	       end[-7] == 'e' && end[-6] == 'r' && end[-5] == 'v' &&
	       end[-4] == 'i' && end[-3] == 'c' && end[-2] == 'e';
}

static bool is_scope(const char *end, u64 size)
{
	return size >= sizeof(".scope") && end[-7] == '.' && end[-6] == 's' &&
	       end[-5] == 'c' && end[-4] == 'o' && end[-3] == 'p' &&
	       end[-2] == 'e';
}

static void fill_unit(struct event *event)
{
	struct cgroup_subsys_state *state = cgroup_of_caller();

	for (int level = 0; level < CGROUP_LEVELS && state; level++) {
		u64 size = read_cgroup_name(event->unit, sizeof(event->unit),
					    state);
		const char *end = event->unit + size;

		keep_in_one_register(size);
		if (size <= sizeof(event->unit) &&
		    (is_service(end, size) || is_scope(end, size)))
			return;
		state = KERNEL_FIELD(state, parent);
	}
	event->unit[0] = '\0';
}
