// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* makedev */
#include "stacks/mappings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/kernel_clock.h"

/* Slots of the table, a power of two; three quarters of them may be used. */
#define PROCESS_SLOTS 16384
#define PROCESSES_MAX (PROCESS_SLOTS / 4 * 3)

/* Mappings of one process, and of all: beyond that, mappings are forgotten. */
#define PROCESS_MAPPINGS_MAX 8192
#define MAPPINGS_MAX	     (1 << 18)

/* How long the mappings of all processes may take to read, at the start. */
#define FIRST_READ_SECONDS 20

/*
 * Events that are older than this are applied: no row needs the mappings from
 * before, except on a host that can't keep up.
 */
#define EVENT_AGE_MAX_NS 1000000000

static void forget_mappings(struct mappings *mappings, struct process *process)
{
	mappings->count -= process->count;
	free(process->all);
	process->all = NULL;
	process->count = process->room = 0;
}

/* Forget all processes: those that still run are read from /proc again. */
static void forget_processes(struct mappings *mappings)
{
	for (unsigned int i = 0; mappings->slots && i < PROCESS_SLOTS; i++)
		free(mappings->slots[i].all);
	free(mappings->slots);
	mappings->slots = NULL;
	mappings->used = 0;
	mappings->count = 0;
}

/* Is there room for two processes? No event needs more: see handle_fork(). */
static bool has_room(const struct mappings *mappings)
{
	return mappings->used + 2 <= PROCESSES_MAX &&
	       mappings->count + 2 * PROCESS_MAPPINGS_MAX <= MAPPINGS_MAX;
}

static void make_room(struct mappings *mappings)
{
	if (!has_room(mappings))
		forget_processes(mappings);
}

/* The process's slot, or a free one for it; NULL without memory. */
static struct process *find_slot(struct mappings *mappings, uint32_t pid)
{
	/* Fibonacci hashing: consecutive numbers go far apart. */
	uint64_t index = (uint64_t)pid * 0x9e3779b97f4a7c15 >> 50;
	struct process *slots = mappings->slots;

	if (!slots)
		slots = mappings->slots = calloc(PROCESS_SLOTS, sizeof(*slots));
	if (!slots)
		return NULL;
	while (slots[index].is_used && slots[index].pid != pid)
		index = (index + 1) % PROCESS_SLOTS;
	return &slots[index];
}

static void take_slot(struct mappings *mappings, struct process *slot,
		      uint32_t pid)
{
	mappings->used += !slot->is_used;
	slot->is_used = true;
	slot->pid = pid;
}

static bool make_room_in(struct process *process)
{
	uint32_t room = process->room < 8 ? 16 : 2 * process->room;
	struct mapping *all;

	if (process->count < process->room)
		return true;
	if (process->room >= PROCESS_MAPPINGS_MAX)
		return false;
	all = realloc(process->all, room * sizeof(*all));
	if (!all)
		return false;
	process->all = all;
	process->room = room;
	return true;
}

/* A new mapping from `start` to `end` replaces those that lie within it. */
static void unmap(struct mappings *mappings, struct process *process,
		  uint64_t start, uint64_t end)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < process->count; i++)
		if (process->all[i].start < start || process->all[i].end > end)
			process->all[kept++] = process->all[i];
	mappings->count -= process->count - kept;
	process->count = kept;
}

static void add(struct mappings *mappings, struct process *process,
		const struct mapping *mapping)
{
	if (!make_room_in(process)) {
		process->is_known = false; /* not completely */
		return;
	}
	process->all[process->count++] = *mapping;
	mappings->count++;
}

static void map(struct mappings *mappings, struct process *process,
		const struct mapping *mapping)
{
	unmap(mappings, process, mapping->start, mapping->end);
	add(mappings, process, mapping);
}

/*
 * Add the mapping of a line of proc_pid_maps(5), without its newline. These
 * mappings don't overlap.
 */
static void map_line(struct mappings *mappings, struct process *process,
		     const char *line)
{
	unsigned long start;
	unsigned long end;
	unsigned long offset;
	unsigned long inode;
	unsigned int device[2];
	char rights[5];
	int path = 0;

	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %n", &start, &end, rights,
		   &offset, &device[0], &device[1], &inode, &path) < 7 ||
	    rights[2] != 'x')
		return;
	add(mappings, process,
	    &(struct mapping){
		    .start = start,
		    .end = end,
		    .offset = offset,
		    .module = module_of(&mappings->modules,
					makedev(device[0], device[1]), inode,
					line[path] ? line + path : "//anon"),
	    });
}

static void read_maps(struct mappings *mappings, struct process *process)
{
	bool asked = scout_ask_mappings(&mappings->scout, process->pid);
	char *lines = asked ? scout_mappings(&mappings->scout) : NULL;

	/* A process that is about to end has no mappings. */
	process->is_known = lines && *lines;
	while (lines && *lines) {
		char *line;

		while ((line = strsep(&lines, "\n")) && *line)
			map_line(mappings, process, line);
		lines = scout_mappings(&mappings->scout);
		process->is_known &= lines != NULL;
	}
}

/* The process; its mappings are read from /proc the first time. */
static struct process *process_of(struct mappings *mappings, uint32_t pid)
{
	struct process *process = find_slot(mappings, pid);

	if (process && !process->is_used) {
		take_slot(mappings, process, pid);
		read_maps(mappings, process);
	}
	return process;
}

/* A process that begins without mappings: a new one, or one that execs. */
static struct process *reset_process(struct mappings *mappings, uint32_t pid)
{
	struct process *process = find_slot(mappings, pid);

	if (process) {
		take_slot(mappings, process, pid);
		forget_mappings(mappings, process);
		process->is_known = true;
	}
	return process;
}

/* Copy the mappings of a parent to a process that has none. */
static void copy_mappings(struct mappings *mappings, struct process *to,
			  const struct process *from)
{
	to->is_known = from->is_known;
	if (from->count == 0)
		return;
	to->all = malloc(from->count * sizeof(*to->all));
	if (!to->all) {
		to->is_known = false;
		return;
	}
	memcpy(to->all, from->all, from->count * sizeof(*to->all));
	to->count = to->room = from->count;
	mappings->count += to->count;
}

/* The body of PERF_RECORD_FORK: perf_event_open(2). */
struct fork_body {
	uint32_t pid, parent;
	uint32_t tid, parent_tid;
};

static void handle_fork(struct mappings *mappings, const struct fork_body *body)
{
	struct process *process;
	struct process *parent;

	if (body->pid == body->parent)
		return; /* a thread */
	process = reset_process(mappings, body->pid);
	parent = process_of(mappings, body->parent);
	if (process && parent)
		copy_mappings(mappings, process, parent);
}

/* The body of PERF_RECORD_MMAP2: perf_event_open(2). */
struct mmap_body {
	uint32_t pid, tid;
	uint64_t start, size, offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t protection, flags;
	char path[];
};

static void handle_mmap(struct mappings *mappings, const struct mmap_body *body)
{
	struct process *process = find_slot(mappings, body->pid);

	/* The mappings of other processes are read from /proc when needed. */
	if (!process || !process->is_used)
		return;
	map(mappings, process,
	    &(struct mapping){
		    .start = body->start,
		    .end = body->start + body->size,
		    .offset = body->offset,
		    .module = module_of(&mappings->modules,
					makedev(body->major, body->minor),
					body->inode, body->path),
	    });
}

/* After a gap in the events, the mappings that are kept may be wrong. */
static void handle_gap(struct mappings *mappings, const struct mmap_gap *gap)
{
	forget_processes(mappings);
	mappings->gap_until = gap->until;
}

static void handle_event(struct mappings *mappings,
			 const struct mmap_event *event)
{
	const void *body = event->record + 1;
	uint32_t pid;

	if (event->record->type == PERF_RECORD_LOST)
		return handle_gap(mappings, (const void *)event->record);
	if (event->time <= mappings->gap_until)
		return;
	make_room(mappings);
	switch (event->record->type) {
	case PERF_RECORD_FORK:
		return handle_fork(mappings, body);
	case PERF_RECORD_COMM: /* an exec */
		memcpy(&pid, body, sizeof(pid));
		reset_process(mappings, pid);
		return;
	default:
		return handle_mmap(mappings, body);
	}
}

static void handle_events(struct mappings *mappings, uint64_t until)
{
	const struct mmap_event *event;

	while ((event = mmap_events_next(&mappings->events, until)))
		handle_event(mappings, event);
}

static void read_events(struct mappings *mappings)
{
	mappings->read_until = kernel_clock_ns();
	if (!mmap_events_read(&mappings->events, mappings->read_until))
		forget_processes(mappings);
}

/* Processes that run already, since they may end before they are needed. */
static void read_all_processes(struct mappings *mappings)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	if (!processes)
		return;
	helper_set_wait_budget(&mappings->scout.helper, FIRST_READ_SECONDS);
	while (has_room(mappings) && (entry = readdir(processes))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid > 0)
			process_of(mappings, pid);
	}
	closedir(processes);
	helper_reset_wait_budget(&mappings->scout.helper);
}

int mappings_open(struct mappings *mappings, const int *cpus,
		  unsigned int cpu_count, struct own_processes *own)
{
	*mappings = (struct mappings){0};
	scout_init(&mappings->scout, own);
	return mappings_follow_cpus(mappings, cpus, cpu_count);
}

int mappings_follow_cpus(struct mappings *mappings, const int *cpus,
			 unsigned int cpu_count)
{
	struct mmap_events events;
	int error = mmap_events_open(&events, cpus, cpu_count);

	if (error == -ENOBUFS) {
		/* The old rings are locked memory too: close them first. */
		mmap_events_close(&mappings->events);
		error = mmap_events_open(&events, cpus, cpu_count);
	}
	if (error)
		return error;
	mmap_events_close(&mappings->events);
	mappings->events = events;
	forget_processes(mappings);
	read_all_processes(mappings);
	return 0;
}

void mappings_close(struct mappings *mappings)
{
	mmap_events_close(&mappings->events);
	forget_processes(mappings);
	modules_forget(&mappings->modules);
	helper_free(&mappings->scout.helper);
}

void mappings_follow(struct mappings *mappings)
{
	if (modules_are_full(&mappings->modules)) {
		forget_processes(mappings);
		modules_forget(&mappings->modules);
	}
	read_events(mappings);
	if (mappings->read_until > EVENT_AGE_MAX_NS)
		handle_events(mappings,
			      mappings->read_until - EVENT_AGE_MAX_NS);
}

static struct mapping *mapping_at(const struct process *process,
				  uint64_t address)
{
	for (uint32_t i = process->count; i-- > 0;)
		if (address >= process->all[i].start &&
		    address < process->all[i].end)
			return &process->all[i];
	return NULL;
}

enum mapped mappings_find(struct mappings *mappings, uint32_t pid, uint64_t ts,
			  uint64_t address, struct mapping **found)
{
	struct process *process;

	if (ts >= mappings->read_until)
		read_events(mappings);
	handle_events(mappings, ts);
	make_room(mappings);
	process = process_of(mappings, pid);
	if (!process || !process->is_known)
		return MAPPINGS_UNKNOWN;
	*found = mapping_at(process, address);
	return *found ? MAPPED : NOTHING_MAPPED;
}
