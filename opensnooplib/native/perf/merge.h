/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merge: the records of all rings, in order of time.
 *
 * Each ring is in order already, so the oldest record of all is the oldest one
 * of some ring: a heap of rings, keyed by the time of that record, gives them
 * in order, without copying or sorting.
 */
#pragma once

#include "perf/ring_buffer.h"

/* The most CPUs that a kernel can have. What isn't used takes no memory. */
#define RINGS_MAX 8192

/* How long records are held back in their rings, to be put in order. */
#define MERGE_HOLD_BACK_MS 20

struct merge_entry {
	uint64_t ts; /* of the ring's oldest record */
	struct ring *ring;
	struct record record;
};

/* At first all zero, but for its rings. */
struct merge {
	struct ring rings[RINGS_MAX];
	unsigned int ring_count;
	/* BPF ring buffers, by their streams, and the end of those in use. */
	struct ring buffers[STREAMS_MAX];
	unsigned int buffers_end;
	struct merge_entry heap[RINGS_MAX + STREAMS_MAX];
	unsigned int heap_size;
	struct field ts[STREAMS_MAX]; /* the time of a record: u64, ns */
};

/*
 * The time up to which records are in order now: ns, CLOCK_MONOTONIC. A younger
 * record may follow one that another CPU is still writing.
 */
uint64_t merge_ordered_until(void);

/*
 * Hand every record that is older than `until` (ns) to `consume`. Younger ones
 * stay in their rings, except while some ring is more than half full: then
 * order is given up, so that nothing is lost. Those of BPF ring buffers don't
 * wait. Returns whether any record is left.
 */
bool merge_drain(struct merge *merge, uint64_t until, record_consumer consume,
		 void *context);
