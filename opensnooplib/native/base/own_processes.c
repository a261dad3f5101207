// SPDX-License-Identifier: Apache-2.0
#include "base/own_processes.h"

#include <string.h>

void own_processes_add(struct own_processes *own, uint32_t pid)
{
	if (own->count == OWN_PROCESSES_MAX) {
		own->count--;
		/* The first of all stays: it is the trace. */
		memmove(&own->all[1], &own->all[2],
			(own->count - 1) * sizeof(own->all[0]));
	}
	own->all[own->count++] = (struct own_process){pid, UINT64_MAX};
}

void own_processes_end(struct own_processes *own, uint32_t pid, uint64_t now)
{
	for (unsigned int i = 0; i < own->count; i++) {
		struct own_process *one = &own->all[i];

		if (one->pid == pid && one->end == UINT64_MAX)
			one->end = now;
	}
}

bool own_processes_had(const struct own_processes *own, uint32_t pid,
		       uint64_t ts)
{
	for (unsigned int i = 0; i < own->count; i++) {
		const struct own_process *one = &own->all[i];

		if (one->pid == pid && ts <= one->end)
			return true;
	}
	return false;
}
