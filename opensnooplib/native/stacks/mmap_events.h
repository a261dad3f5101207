/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mmap events: what the kernel reports of code that is mapped, in order of
 * time. They are PERF_RECORD_MMAP2, _COMM and _FORK of perf_event_open(2), from
 * perf rings of their own, where they stay until it is their turn.
 */
#pragma once

#include "perf/perf_ring.h"

struct mmap_ring {
	struct ring ring;
	uint64_t next; /* ns: the time of its oldest event; UINT64_MAX: none */
};

struct mmap_events {
	struct mmap_ring *rings;
	unsigned int ring_count;
};

/*
 * Open a ring for the CPU of each of these rings, except for those that are
 * offline. Returns 0 or a negative errno.
 */
int mmap_events_open(struct mmap_events *events, const struct ring *rings,
		     unsigned int ring_count);
void mmap_events_close(struct mmap_events *events);

/*
 * See what the kernel has written so far. False: a ring was full, so events may
 * be lost.
 */
bool mmap_events_read(struct mmap_events *events);

/* Drop all events that were read and not handed over. */
void mmap_events_drop(struct mmap_events *events);

/* Is some ring more than half full? */
bool mmap_events_are_many(const struct mmap_events *events);

/*
 * Hand over the oldest event, of any type, if it is older than `until` (ns,
 * CLOCK_MONOTONIC); else return false.
 */
bool mmap_events_take(struct mmap_events *events, uint64_t until,
		      void (*handle)(void *context,
				     const struct perf_event_header *event),
		      void *context);

/* The event's time: ns, CLOCK_MONOTONIC. */
uint64_t mmap_event_time(const struct perf_event_header *event);
