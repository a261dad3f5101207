/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The systemd unit that the caller belongs to: systemd names cgroups after
 * units. Of several, one inside another, it is the innermost.
 */
#include "extra/cgroup_names.h"

#define SERVICE 0x656369767265732e /* ".service", as the processor reads it */
#define SCOPE	0x0065706f63732e   /* ".scope" and a NUL */

/* `end` is after the NUL. */
static bool is_unit(const char *end, u64 size)
{
	return (size > 7 && *(u64 *)(end - 8) >> 8 == SCOPE) ||
	       (size > 8 && *(u64 *)(end - 9) == SERVICE);
}

static void fill_unit(struct event *event)
{
	struct cgroup_subsys_state *state = cgroup_of_caller();

	for (int level = 0; level < CGROUP_LEVELS && state; level++) {
		u64 size;

		__builtin_memset(event->unit, 0, sizeof(event->unit));
		size = read_cgroup_name(event->unit, NAME_ROOM, state);
		keep_in_one_register(size);
		if (size <= NAME_ROOM && is_unit(event->unit + size, size))
			return;
		state = KERNEL_FIELD(state, parent);
	}
	__builtin_memset(event->unit, 0, sizeof(event->unit));
	/* Where the search has ended below the root, nobody knows. */
	event->unit[0] = state ? '?' : '\0';
}
