// SPDX-License-Identifier: Apache-2.0
#include "perf/merge.h"

#include <errno.h>
#include <stdlib.h>

/* How much is consumed before its room goes back to the kernel. */
#define RELEASE_BYTES (16 * 1024)

#define FAR_AHEAD_NS 1000000000

int merge_init(struct merge *merge, struct ring *rings, unsigned int ring_count)
{
	*merge = (struct merge){0};
	return merge_set_rings(merge, rings, ring_count);
}

int merge_set_rings(struct merge *merge, struct ring *rings,
		    unsigned int ring_count)
{
	struct merge_entry *heap =
		realloc(merge->heap, ring_count * sizeof(*heap));

	if (!heap)
		return -ENOMEM;
	merge->heap = heap;
	merge->rings = rings;
	merge->ring_count = ring_count;
	return 0;
}

void merge_free(struct merge *merge)
{
	free(merge->heap);
}

static bool fill_entry(struct merge *merge, struct merge_entry *entry,
		       struct ring *ring)
{
	entry->ring = ring;
	if (!ring_peek(ring, &entry->record))
		return false;
	/* A struct without a time: each ring's own order is all there is. */
	if (!record_unsigned(&entry->record, merge->ts[entry->record.stream],
			     &entry->ts))
		entry->ts = 0;
	return true;
}

/* Let the entry at `place` sink to where its time belongs. */
static void sift_down(struct merge *merge, unsigned int place)
{
	struct merge_entry *heap = merge->heap;
	struct merge_entry moving = heap[place];

	for (;;) {
		unsigned int child = 2 * place + 1;

		if (child >= merge->heap_size)
			break;
		if (child + 1 < merge->heap_size &&
		    heap[child + 1].ts < heap[child].ts)
			child++;
		if (moving.ts <= heap[child].ts)
			break;
		heap[place] = heap[child];
		place = child;
	}
	heap[place] = moving;
}

/* Returns whether some ring is so full that waiting would cost records. */
static bool build_heap(struct merge *merge)
{
	bool hurry = false;

	merge->heap_size = 0;
	for (unsigned int i = 0; i < merge->ring_count; i++) {
		ring_refresh(&merge->rings[i]);
		hurry |= ring_is_half_full(&merge->rings[i]);
		if (fill_entry(merge, &merge->heap[merge->heap_size],
			       &merge->rings[i]))
			merge->heap_size++;
		else /* records that nobody wants may have filled it */
			ring_release(&merge->rings[i]);
	}
	for (unsigned int i = merge->heap_size / 2; i-- > 0;)
		sift_down(merge, i);
	return hurry;
}

/* The oldest record's ring goes on to its next record. */
static void advance(struct merge *merge)
{
	struct merge_entry *top = &merge->heap[0];

	ring_consume(top->ring);
	if (top->ring->tail - top->ring->control->data_tail >= RELEASE_BYTES)
		ring_release(top->ring);
	if (!fill_entry(merge, top, top->ring)) {
		ring_release(top->ring);
		*top = merge->heap[--merge->heap_size];
	}
	sift_down(merge, 0);
}

/*
 * A time that is far ahead is no reason to wait: the C that fills it may use
 * a clock of its own.
 */
static bool is_young(uint64_t ts, uint64_t until)
{
	return ts >= until && ts - until < FAR_AHEAD_NS;
}

bool merge_drain(struct merge *merge, uint64_t until, record_consumer consume,
		 void *context)
{
	enum verdict verdict = CONSUMED;

	bool hurry = build_heap(merge);

	while (merge->heap_size > 0 && verdict == CONSUMED) {
		struct merge_entry *top = &merge->heap[0];

		if (is_young(top->ts, until) && !hurry)
			break;
		verdict = consume(context, &top->record);
		if (verdict != NOT_CONSUMED)
			advance(merge);
	}
	for (unsigned int i = 0; i < merge->heap_size; i++)
		ring_release(merge->heap[i].ring);
	return merge->heap_size > 0;
}
