/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of all rings, in order of time.
 *
 * Each ring is in order already, so the oldest record of all is the oldest at
 * the head of some ring: a heap of rings, keyed by that record's time, gives
 * them without copying or sorting.
 */
#ifndef OPENSNOOP_MERGE_H
#define OPENSNOOP_MERGE_H

#include "perf/perf_ring.h"

struct merge_entry {
	uint64_t ts; /* of the ring's oldest record */
	struct ring *ring;
	struct record record;
};

struct merge {
	struct ring *rings;
	unsigned int ring_count;
	struct merge_entry *heap;
	unsigned int heap_size;
	struct field
		ts[STREAMS_MAX]; /* where a record holds its time; u64, ns */
};

enum verdict {
	CONSUMED,
	CONSUMED_ENOUGH, /* stop after this record */
	NOT_CONSUMED,	 /* stop, and come again with this record */
};

typedef enum verdict (*record_consumer)(void *context,
					const struct record *record);

/* Returns 0 or -ENOMEM. The rings stay the caller's. */
int merge_init(struct merge *merge, struct ring *rings,
	       unsigned int ring_count);
void merge_free(struct merge *merge);

/* Other rings from the next merge_drain() on. Returns 0 or -ENOMEM. */
int merge_set_rings(struct merge *merge, struct ring *rings,
		    unsigned int ring_count);

/*
 * Hand every record to `consume` that is older than `until` (ns). Younger
 * ones stay in their rings, for a record that another CPU is just writing
 * could come before them; but where a ring is more than half full, order
 * yields to room. Returns whether any was left.
 */
bool merge_drain(struct merge *merge, uint64_t until, record_consumer consume,
		 void *context);

#endif
