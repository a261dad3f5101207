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

/* Processes; mappings of one, and of all: if there are more, all are forgotten.
 */
#define PROCESSES_MAX	     12288
#define PROCESS_MAPPINGS_MAX 8192
#define MAPPINGS_MAX	     (1 << 18)

/*
 * Events that are older than this are handled: no row needs the mappings from
 * before, except on a host that can't keep up.
 */
#define EVENT_AGE_MAX_NS NS_PER_SECOND

/* The age of records whose rows are still to be made, at most. */
#define HELD_BACK_NS (MERGE_HOLD_BACK_MS * 1000000)

struct process {
	bool is_known;	     /* all its mappings are known and kept */
	struct mapping *all; /* the newest comes last; they can overlap */
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
	       mappings->count + 2 * PROCESS_MAPPINGS_MAX <= MAPPINGS_MAX;
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

/* Without mappings. NULL: there is no memory. */
static struct process *add_process(struct mappings *mappings, uint64_t pid)
{
	return hash_map_add(&mappings->processes, &pid, sizeof(pid),
			    sizeof(struct process));
}

/* Before a new mapping from `start` to `end`: it replaces those within it. */
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
	struct mapping *all = NULL;

	if (process->count < PROCESS_MAPPINGS_MAX)
		all = realloc(process->all,
			      (process->count + 1) * sizeof(*all));
	if (!all) {
		process->is_known = false; /* not completely */
		return;
	}
	all[process->count++] = *mapping;
	process->all = all;
	mappings->count++;
}

/* Is the line, "55d0c0de1000-55d0c0de2000 r-xp ...", executable? */
static bool is_code(const char *line)
{
	const char *rights = strchr(line, ' ');

	return rights && strnlen(rights, 4) == 4 && rights[3] == 'x';
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
	int path = 0;

	if (!is_code(line) ||
	    sscanf(line, "%lx-%lx %*s %lx %x:%x %lu %n", &start, &end, &offset,
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

/* A process that is about to end has no mappings: that isn't known. */
static void read_maps(struct mappings *mappings, struct process *process,
		      uint32_t pid)
{
	struct scout_lines *lines = scout_mappings(&mappings->scout, pid, true);

	process->is_known = lines && lines->text[0];
	while (lines) {
		char *text = lines->text;
		char *line;

		while ((line = strsep(&text, "\n")) && *line)
			map_line(mappings, process, line);
		if (lines->are_last)
			return;
		lines = scout_mappings(&mappings->scout, pid, false);
	}
	process->is_known = false;
}

/* The process; its mappings are read from /proc the first time. */
static struct process *process_of(struct mappings *mappings, uint32_t pid)
{
	struct process *process = find_process(mappings, pid);

	if (process)
		return process;
	/* Without time to ask now, it is asked the next time. */
	if (!helper_has_time(&mappings->scout))
		return NULL;
	process = add_process(mappings, pid);
	if (process)
		read_maps(mappings, process, pid);
	return process;
}

/* A process that begins without mappings: a new one, or one that execs. */
static struct process *reset_process(struct mappings *mappings, uint32_t pid)
{
	struct process *process = find_process(mappings, pid);

	if (!process)
		process = add_process(mappings, pid);
	if (!process)
		return NULL;
	mappings->count -= process->count;
	free(process->all);
	*process = (struct process){.is_known = true};
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
	process->is_known = parent && parent->is_known;
	for (uint32_t i = 0; parent && i < parent->count; i++)
		add(mappings, process, &parent->all[i]);
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

	/* The mappings of other processes are read from /proc when needed. */
	if (!process)
		return;
	unmap(mappings, process, body->start, body->start + body->size);
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

static void handle_events(struct mappings *mappings, uint64_t until)
{
	/* C that is traced with --source may have taken another clock's time.
	 */
	if (until > mappings->read_until)
		until = mappings->read_until;
	if (until <= mappings->handled_until)
		return;
	mappings->handled_until = until;
	while (mmap_events_take(&mappings->events, until, handle_event,
				mappings))
		;
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
		  unsigned int ring_count, struct own_processes *own)
{
	int error;

	*mappings = (struct mappings){0};
	error = mmap_events_open(&mappings->events, rings, ring_count);
	if (error)
		return error;
	scout_init(&mappings->scout, own);
	read_all_processes(mappings);
	mappings->scout.free_from = 0; /* no row has waited yet */
	return 0;
}

void mappings_close(struct mappings *mappings)
{
	mmap_events_close(&mappings->events);
	forget_processes(mappings);
	hash_map_clear(&mappings->modules.all, NULL);
	helper_free(&mappings->scout);
}

/* Events are missing: the mappings that are kept may be wrong. */
static void begin_gap(struct mappings *mappings)
{
	mmap_events_drop(&mappings->events);
	forget_processes(mappings);
	mappings->gap_until = kernel_clock_ns();
}

void mappings_read(struct mappings *mappings)
{
	mappings->read_until = kernel_clock_ns();
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
		mappings_read(mappings);
	handle_events(mappings, ts + 1);
	make_room(mappings);
	process = process_of(mappings, pid);
	if (!process || !process->is_known)
		return MAPPINGS_UNKNOWN;
	*found = mapping_at(process, address);
	return *found ? MAPPED : NOTHING_MAPPED;
}
