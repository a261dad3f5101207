/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool's own processes, whose opens are not shown: the trace, and the
 * compile rooms beside it.
 */
#ifndef OPENSNOOP_OWN_PROCESSES_H
#define OPENSNOOP_OWN_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

/* A room that was given up takes a moment to end, the next is there by then. */
#define OWN_PROCESSES_MAX 16

struct own_process {
	uint32_t pid;
	bool has_ended;
	uint64_t end; /* ns, CLOCK_MONOTONIC; an open after it is another's */
};

struct own_processes {
	struct own_process all[OWN_PROCESSES_MAX];
	unsigned int count;
};

/* Where there are too many, the oldest is forgotten, but for the trace. */
void own_processes_add(struct own_processes *own, uint32_t pid);

/* The PID can be another process's from now on. */
void own_processes_end(struct own_processes *own, uint32_t pid, uint64_t now);

/* Did one of them do it? `ts` is when: ns, CLOCK_MONOTONIC. */
bool own_processes_had(const struct own_processes *own, uint32_t pid,
		       uint64_t ts);

#endif
