// SPDX-License-Identifier: Apache-2.0
#include "base/own_processes.h"

void own_processes_add(struct own_processes *own, uint32_t pid)
{
	unsigned int index = own->count;

	if (index < OWN_PROCESSES_MAX) {
		own->count++;
	} else {
		/* The first two stay: the trace and its monitor. */
		index = 2;
		for (unsigned int i = 3; i < OWN_PROCESSES_MAX; i++)
			if (own->all[i].end < own->all[index].end)
				index = i;
	}
	own->all[index] = (struct own_process){pid, UINT64_MAX};
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
