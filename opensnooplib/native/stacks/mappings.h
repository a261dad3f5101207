/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings: which process has mapped which file as code, and where, at the time
 * of a record; also if the process has ended since.
 *
 * The kernel reports all changes; the mappings from before are read from /proc.
 * They are read again when there are too many to keep, or when the kernel's
 * rings were full: then a process that has ended meanwhile is unknown.
 */
#pragma once

#include "stacks/mapped_module.h"
#include "stacks/mmap_events.h"
#include "stacks/helper.h"
#include "stacks/scout.h"

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file, of the byte that is at `start` */
	struct module *module;
	bool is_checked; /* the module's file was found unchanged */
};

struct mappings {
	struct mmap_events events;
	struct hash_map processes; /* by PID; they are added when needed */
	size_t count;		   /* of the mappings of all processes */
	uint64_t read_until;	   /* ns: when the rings were last looked at */
	uint64_t handled_until;	   /* ns: older events are handled */
	uint64_t gap_until;	   /* ns: up to this time, events are missing */
	struct modules modules;
	uint64_t moved;	      /* mappings, while events were handled */
	struct helper *scout; /* reads /proc */
};

enum mapped {
	MAPPED,
	NOTHING_MAPPED,	  /* or nothing that is code */
	MAPPINGS_UNKNOWN, /* the process has ended, or has too many mappings */
};

/*
 * Follow all processes on the CPUs of these rings. The scout stays the caller's
 * and hands over lines by mappings_take_lines(). Returns 0 or a negative errno.
 */
int mappings_open(struct mappings *mappings, const struct ring *rings,
		  unsigned int ring_count, struct helper *scout);
void mappings_close(struct mappings *mappings);

/* Before rows are made: see what the kernel has reported so far. */
void mappings_read(struct mappings *mappings);

/* After that: handle what no row needs any more, before the rings are full. */
void mappings_follow(struct mappings *mappings);

/*
 * Find what the process had mapped at `address` at `ts` (ns, CLOCK_MONOTONIC).
 * `ts` increases from one call to the next, except for small steps back. *found
 * is valid until the next call.
 */
enum mapped mappings_find(struct mappings *mappings, uint32_t pid, uint64_t ts,
			  uint64_t address, struct mapping **found);

/* What is mapped there as far as it is known now; NULL: nothing. */
struct mapping *mappings_now(struct mappings *mappings, uint32_t pid,
			     uint64_t address);

/* Take the answer of the scout; without lines, it has none or has failed. */
void mappings_take_lines(struct mappings *mappings, uint32_t pid, char *lines);
