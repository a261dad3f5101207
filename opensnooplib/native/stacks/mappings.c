// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* makedev, strnlen */
#include "stacks/mappings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/kernel_clock.h"
#include "perf/merge.h"

/* Processes, and mappings of all: if there are more, all are forgotten. */
#define PROCESSES_MAX 12288
#define MAPPINGS_MAX  (1 << 18)

/*
 * So many mappings are moved between two looks at the events, which takes some
 * ms: a process that has thousands could cause far more work.
 */
#define MOVED_MAX (1 << 20)

/* How long the processes that run already may take, before the trace begins. */
#define FIRST_READ_NS_MAX (2 * NS_PER_SECOND)

/*
 * Events that are older than this are handled: no row needs the mappings from
 * before, except on a host that can't keep up.
 */
#define EVENT_AGE_MAX_NS NS_PER_SECOND

/* The age of records whose rows are still to be made, at most. */
#define HELD_BACK_NS (MERGE_HOLD_BACK_MS * 1000000)

enum process_state {
	UNREAD,	 /* its mappings are not known yet */
	ASKED,	 /* the scout reads them */
	KNOWN,	 /* all are */
	UNKNOWN, /* it is gone, or has too many */
};

struct process {
	enum process_state state;
	struct mapping *all; /* by address; they don't overlap */
	uint32_t count;
};

static void free_mappings(void *process)
{
	free(((struct process *)process)->all);
}

/* Forget all processes: those that still run are read from /proc again. */
static void forget_processes(struct mappings *mappings)
{
	hash_map_clear(&mappings->processes, free_mappings);
	mappings->count = 0;
}

/* Is there room for two processes? No event needs more: see handle_fork(). */
static bool has_room(const struct mappings *mappings)
{
	return mappings->processes.count + 2 <= PROCESSES_MAX &&
	       mappings->count + 2 * SCOUT_MAPPINGS_MAX <= MAPPINGS_MAX;
}

static void make_room(struct mappings *mappings)
{
	if (!has_room(mappings))
		forget_processes(mappings);
}

static struct process *find_process(struct mappings *mappings, uint64_t pid)
{
	return hash_map_find(&mappings->processes, &pid, sizeof(pid));
}

/* At first it has no mappings. NULL: there is no memory. */
static struct process *find_or_add(struct mappings *mappings, uint64_t pid)
{
	struct process *process = find_process(mappings, pid);

	return process
		       ?: hash_map_add(&mappings->processes, &pid, sizeof(pid),
				       sizeof(*process));
}

/* Without the mappings that were kept until now. */
static void set_state(struct mappings *mappings, struct process *process,
		      enum process_state state)
{
	mappings->count -= process->count;
	free(process->all);
	*process = (struct process){.state = state};
}

/* Put these in the place of `old_count` mappings from `index` on. */
static void replace(struct mappings *mappings, struct process *process,
		    uint32_t index, uint32_t old_count,
		    const struct mapping *put, uint32_t put_count)
{
	uint32_t behind = process->count - index - old_count;
	uint32_t count = index + put_count + behind;
	struct mapping *all = process->all;
	struct mapping *at;

	if (count > process->count)
		all = count <= SCOUT_MAPPINGS_MAX
			      ? realloc(all, count * sizeof(*all))
			      : NULL;
	if (!all) {
		set_state(mappings, process, UNKNOWN);
		return;
	}
	process->all = all;
	at = all + index;
	memmove(at + put_count, at + old_count, behind * sizeof(*at));
	memcpy(at, put, put_count * sizeof(*at));
	mappings->count += put_count;
	mappings->count -= old_count;
	mappings->moved += behind + put_count;
	process->count = count;
}

/* The index of the first mapping that ends behind `address`. */
static uint32_t search(const struct process *process, uint64_t address)
{
	uint32_t low = 0;
	uint32_t high = process->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (process->all[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Add a mapping; of others, what is in its place goes. */
static void add(struct mappings *mappings, struct process *process,
		const struct mapping *added)
{
	uint32_t first = search(process, added->start);
	uint32_t next = first;
	struct mapping put[3];
	uint32_t count = 0;

	for (; next < process->count; next++)
		if (process->all[next].start >= added->end)
			break;
	if (next > first && process->all[first].start < added->start) {
		put[count] = process->all[first];
		put[count++].end = added->start;
	}
	put[count++] = *added;
	if (next > first && process->all[next - 1].end > added->end) {
		put[count] = process->all[next - 1];
		put[count].offset += added->end - put[count].start;
		put[count++].start = added->end;
	}
	replace(mappings, process, first, next - first, put, count);
}

/* Add the mapping of a line of proc_pid_maps(5), without its newline. */
static void map_line(struct mappings *mappings, struct process *process,
		     const char *line)
{
	unsigned long start;
	unsigned long end;
	unsigned long offset;
	unsigned long inode;
	unsigned int device[2];
	int path = 0;

	if (sscanf(line, "%lx-%lx %*s %lx %x:%x %lu %n", &start, &end, &offset,
		   &device[0], &device[1], &inode, &path) < 6)
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

void mappings_take_lines(struct mappings *mappings, uint32_t pid, char *lines)
{
	struct process *process = find_process(mappings, pid);
	char *line;

	/* It may have begun anew, or may have been forgotten. */
	if (!process || process->state != ASKED)
		return;
	process->state = KNOWN;
	while (process->state == KNOWN && (line = strsep(&lines, "\n")) &&
	       *line)
		map_line(mappings, process, line);
	/* A process that is about to end has no mappings: that isn't known. */
	if (process->count == 0)
		process->state = UNKNOWN;
}

/* The process; its mappings are read from /proc the first time. */
static struct process *process_of(struct mappings *mappings, uint32_t pid)
{
	const struct scout_request request = {
		.question = SCOUT_MAPPINGS,
		.file.pid = pid,
	};
	struct process *process = find_or_add(mappings, pid);

	if (!process)
		return NULL;
	if (process->state == KNOWN || process->state == UNKNOWN)
		return process;
	/* If the scout is busy, it is asked the next time. */
	if (helper_is_ready(mappings->scout) && process->state == UNREAD) {
		process->state = ASKED;
		if (!helper_ask(mappings->scout, &request, sizeof(request)))
			process->state = UNREAD;
	}
	return process;
}

/* A process that begins without mappings: a new one, or one that execs. */
static struct process *reset_process(struct mappings *mappings, uint32_t pid)
{
	struct process *process = find_or_add(mappings, pid);

	if (process)
		set_state(mappings, process, KNOWN);
	return process;
}

/* The body of PERF_RECORD_FORK: perf_event_open(2). */
struct fork_body {
	uint32_t pid, parent;
	uint32_t tid, parent_tid;
};

static void handle_fork(struct mappings *mappings, const struct fork_body *body)
{
	const struct process *parent;
	struct process *process;

	if (body->pid == body->parent)
		return; /* a thread */
	parent = process_of(mappings, body->parent);
	process = reset_process(mappings, body->pid);
	if (!process)
		return;
	process->state =
		parent && parent->state != ASKED ? parent->state : UNREAD;
	if (process->state == KNOWN && parent->count > 0)
		replace(mappings, process, 0, 0, parent->all, parent->count);
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
	struct process *process = find_process(mappings, body->pid);

	/* What was read so far may be older or newer: it is read once more. */
	if (process && process->state == ASKED)
		set_state(mappings, process, UNREAD);
	/* The mappings of other processes are read from /proc when needed. */
	if (!process || process->state != KNOWN)
		return;
	add(mappings, process,
	    &(struct mapping){
		    .start = body->start,
		    .end = body->start + body->size,
		    .offset = body->offset,
		    .module = module_of(&mappings->modules,
					makedev(body->major, body->minor),
					body->inode, body->path),
	    });
}

static void handle_event(void *context, const struct perf_event_header *event)
{
	struct mappings *mappings = context;
	const void *body = event + 1;
	uint32_t pid;

	if (mmap_event_time(event) <= mappings->gap_until)
		return;
	make_room(mappings);
	switch (event->type) {
	case PERF_RECORD_FORK:
		return handle_fork(mappings, body);
	case PERF_RECORD_MMAP2:
		return handle_mmap(mappings, body);
	case PERF_RECORD_COMM:
		memcpy(&pid, body, sizeof(pid));
		if (event->misc & PERF_RECORD_MISC_COMM_EXEC)
			reset_process(mappings, pid);
	}
}

/* Events are missing: the mappings that are kept may be wrong. */
static void begin_gap(struct mappings *mappings)
{
	mmap_events_drop(&mappings->events);
	forget_processes(mappings);
	mappings->gap_until = kernel_clock_ns();
	mappings->moved = 0;
}

static void handle_events(struct mappings *mappings, uint64_t until)
{
	/* With --source, the C may have taken another clock's time. */
	if (until > mappings->read_until)
		until = mappings->read_until;
	if (until <= mappings->handled_until)
		return;
	mappings->handled_until = until;
	while (mappings->moved <= MOVED_MAX &&
	       mmap_events_take(&mappings->events, until, handle_event,
				mappings))
		;
	if (mappings->moved > MOVED_MAX)
		begin_gap(mappings);
}

/* Processes that run already, since they may end before they are needed. */
static void read_all_processes(struct mappings *mappings)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	if (!processes)
		return;
	while (has_room(mappings) && (entry = readdir(processes))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid > 0)
			process_of(mappings, pid);
	}
	closedir(processes);
}

int mappings_open(struct mappings *mappings, const struct ring *rings,
		  unsigned int ring_count, struct helper *scout)
{
	struct helpers *all = scout->all;
	int error;

	*mappings = (struct mappings){.scout = scout};
	error = mmap_events_open(&mappings->events, rings, ring_count);
	if (error)
		return error;
	all->calm_until = kernel_clock_ns() + FIRST_READ_NS_MAX;
	read_all_processes(mappings);
	all->calm_until = 0;
	all->free_from = 0; /* no row has waited yet */
	return 0;
}

void mappings_close(struct mappings *mappings)
{
	mmap_events_close(&mappings->events);
	forget_processes(mappings);
	hash_map_clear(&mappings->modules.all, NULL);
}

void mappings_read(struct mappings *mappings)
{
	mappings->read_until = kernel_clock_ns();
	mappings->moved = 0;
	if (!mmap_events_read(&mappings->events))
		begin_gap(mappings);
}

void mappings_follow(struct mappings *mappings)
{
	if (mappings->modules.all.count == MODULES_MAX) {
		forget_processes(mappings);
		hash_map_clear(&mappings->modules.all, NULL);
	}
	if (mappings->read_until > EVENT_AGE_MAX_NS)
		handle_events(mappings,
			      mappings->read_until - EVENT_AGE_MAX_NS);
	/* Rows of opens that are younger than this are still to be made. */
	if (mmap_events_are_many(&mappings->events))
		handle_events(mappings, mappings->read_until - HELD_BACK_NS);
	if (mmap_events_are_many(&mappings->events))
		begin_gap(mappings);
}

static struct mapping *mapping_at(const struct process *process,
				  uint64_t address)
{
	uint32_t index = search(process, address);

	return index < process->count && process->all[index].start <= address
		       ? &process->all[index]
		       : NULL;
}

struct mapping *mappings_now(struct mappings *mappings, uint32_t pid,
			     uint64_t address)
{
	const struct process *process = find_process(mappings, pid);

	return process ? mapping_at(process, address) : NULL;
}

enum mapped mappings_find(struct mappings *mappings, uint32_t pid, uint64_t ts,
			  uint64_t address, struct mapping **found)
{
	struct process *process;

	if (ts >= mappings->read_until)
		mappings_read(mappings);
	handle_events(mappings, ts + 1);
	make_room(mappings);
	process = process_of(mappings, pid);
	/* In a PID namespace, 0 stands for all processes outside. */
	if (!process || process->state != KNOWN || pid == 0)
		return MAPPINGS_UNKNOWN;
	*found = mapping_at(process, address);
	return *found ? MAPPED : NOTHING_MAPPED;
}
