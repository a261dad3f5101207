/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mmap events: what the kernel reports of code that is mapped, in order of
 * time. They are PERF_RECORD_MMAP2, _COMM and _FORK of perf_event_open(2), from
 * perf rings of their own.
 */
#ifndef OPENSNOOP_MMAP_EVENTS_H
#define OPENSNOOP_MMAP_EVENTS_H

#include "perf/perf_ring.h"

struct mmap_event {
	uint64_t time; /* ns, CLOCK_MONOTONIC */
	struct perf_event_header *record;
};

/*
 * A gap: from the event's time up to `until`, some events are missing. Its
 * header says PERF_RECORD_LOST.
 */
struct mmap_gap {
	struct perf_event_header header;
	uint64_t until; /* ns */
};

struct mmap_events {
	struct ring *rings;
	unsigned int ring_count;
	struct mmap_event *waiting; /* in order of time */
	size_t count;
	size_t room;  /* elements of `waiting` that there is memory for */
	size_t taken; /* so many of the first ones are done with */
};

/*
 * Open a ring for each of these CPUs, except for those that are offline.
 * Returns 0 or a negative errno.
 */
int mmap_events_open(struct mmap_events *events, const int *cpus,
		     unsigned int cpu_count);
void mmap_events_close(struct mmap_events *events);

/*
 * Empty the rings; `now` is the time of that. False: there is no room for some
 * events, and all that wait are dropped.
 */
bool mmap_events_read(struct mmap_events *events, uint64_t now);

/*
 * The next event that is not younger than `until`; NULL if there is none. It is
 * valid until the next mmap_events_read().
 */
const struct mmap_event *mmap_events_next(struct mmap_events *events,
					  uint64_t until);

#endif
