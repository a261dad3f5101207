/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process has mapped which file as code, and where: at the time of a
 * record, also if the process has ended since.
 *
 * The kernel tells all changes; what there was before is read from /proc. So
 * it is again when too much was to be kept, or the kernel's rings were full:
 * then a process that has ended meanwhile isn't known any more.
 */
#ifndef OPENSNOOP_MAPPINGS_H
#define OPENSNOOP_MAPPINGS_H

#include "stacks/mmap_events.h"
#include "stacks/mapped_module.h"
#include "stacks/scout.h"

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file, of the byte at `start` */
	struct module *module;
	bool is_checked; /* that the module's file is what it was */
};

struct process {
	bool is_used;  /* the slot is */
	bool is_known; /* it had not ended when /proc was read, and all is kept
			*/
	uint32_t pid;
	struct mapping *all; /* the newest last; they can overlap */
	uint32_t count;
	uint32_t room;
};

struct mappings {
	struct mmap_events events;
	struct process *slots; /* a hash table; NULL before the first one */
	unsigned int used;
	size_t count;	     /* of all mappings */
	uint64_t read_until; /* ns: what the rings held then is taken */
	uint64_t gap_until;  /* ns: until then, events are missing */
	struct modules modules;
	struct scout scout; /* reads /proc, and the files */
};

enum mapped {
	MAPPED,
	NOTHING_MAPPED,	  /* no code, at least */
	MAPPINGS_UNKNOWN, /* the process has ended, or has too many */
};

/*
 * Follow all processes on these CPUs. `own` is told of the processes that read
 * for this. Returns 0 or a negative errno.
 */
int mappings_open(struct mappings *mappings, const int *cpus,
		  unsigned int cpu_count, struct own_processes *own);

/*
 * On these CPUs from now on: what was mapped on others before isn't known.
 * Where it fails, all is as before.
 */
int mappings_follow_cpus(struct mappings *mappings, const int *cpus,
			 unsigned int cpu_count);
void mappings_close(struct mappings *mappings);

/* Take what the kernel has told, before its rings are full. */
void mappings_follow(struct mappings *mappings);

/*
 * What the process had mapped at `address` at `ts`, which goes up from one call
 * to the next, but for small steps back. The mapping is valid until the next
 * call.
 */
enum mapped mappings_find(struct mappings *mappings, uint32_t pid, uint64_t ts,
			  uint64_t address, struct mapping **found);

#endif
