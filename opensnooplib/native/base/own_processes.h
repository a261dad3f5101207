/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own processes: the tool's, whose opens are not shown. They are the trace, its
 * monitor, the compile rooms beside them, the watcher of --live, and helpers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Several, since a process that was killed still runs beside the next one. */
#define OWN_PROCESSES_MAX 16

struct own_process {
	uint32_t pid;
	/* ns, CLOCK_MONOTONIC; later, the PID is another's. UINT64_MAX: runs */
	uint64_t end;
};

struct own_processes {
	struct own_process all[OWN_PROCESSES_MAX];
	unsigned int count;
};

/*
 * Add a process. If there are too many, the one that ended first is forgotten,
 * but not the first two, which are the trace and its monitor.
 */
void own_processes_add(struct own_processes *own, uint32_t pid);

/* The process has ended: from `now` on, the PID can be another's. */
void own_processes_end(struct own_processes *own, uint32_t pid, uint64_t now);

/* Was the PID one of theirs at `ts` (ns, CLOCK_MONOTONIC)? */
bool own_processes_had(const struct own_processes *own, uint32_t pid,
		       uint64_t ts);
