/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel tells of code that is mapped, from perf rings of its own:
 * PERF_RECORD_MMAP2, _COMM and _FORK of perf_event_open(2), in order of time.
 */
#ifndef OPENSNOOP_MMAP_EVENTS_H
#define OPENSNOOP_MMAP_EVENTS_H

#include "perf/perf_ring.h"

struct mmap_event {
	uint64_t time; /* ns, CLOCK_MONOTONIC */
	struct perf_event_header *record;
};

/* A PERF_RECORD_LOST of ours: from its time on, some are missing. */
struct mmap_gap {
	struct perf_event_header header;
	uint64_t until; /* ns */
};

struct mmap_events {
	struct ring *rings;
	unsigned int ring_count;
	struct mmap_event *waiting; /* the first `taken` are done with */
	size_t count;
	size_t room;
	size_t taken;
};

/*
 * Of all processes on these CPUs, but for those that are offline. Returns 0 or
 * a negative errno.
 */
int mmap_events_open(struct mmap_events *events, const int *cpus,
		     unsigned int cpu_count);
void mmap_events_close(struct mmap_events *events);

/* Empty the rings. False where there is no room: all that waits is dropped. */
bool mmap_events_read(struct mmap_events *events, uint64_t now);

/*
 * The next one that is not younger than `until`, or NULL. It is there until
 * the next mmap_events_read().
 */
const struct mmap_event *mmap_events_next(struct mmap_events *events,
					  uint64_t until);

#endif
