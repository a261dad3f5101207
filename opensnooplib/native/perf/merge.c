// SPDX-License-Identifier: Apache-2.0
#include "perf/merge.h"

#include "base/kernel_clock.h"

/* How many bytes are consumed before the kernel may overwrite them. */
#define RELEASE_BYTES (16 * 1024)

/*
 * A record is not held back if its time is further ahead of the clock: C that
 * is traced with --source may fill it from another one.
 */
#define FAR_AHEAD_NS 1000000000

/*
 * A program takes a record's time a moment before the record is complete, and
 * in a virtual machine a CPU can stand still for many milliseconds in between.
 */
uint64_t merge_ordered_until(void)
{
	return kernel_clock_ns() - MERGE_HOLD_BACK_MS * 1000000ULL;
}

/* The ring's oldest record; false if it has none. */
static bool fill_entry(struct merge *merge, struct merge_entry *entry,
		       struct ring *ring)
{
	entry->ring = ring;
	if (ring->control ? !ring_peek(ring, &entry->record)
			  : !ring_buffer_peek(ring, &entry->record))
		return false;
	/* A struct without a time: records are in each ring's own order. */
	if (!record_unsigned(&entry->record, merge->ts[entry->record.stream],
			     &entry->ts))
		entry->ts = 0;
	return true;
}

/* Move the entry at `index` down to where it belongs by its time. */
static void sift_down(struct merge *merge, unsigned int index)
{
	struct merge_entry *heap = merge->heap;
	struct merge_entry moving = heap[index];

	for (;;) {
		unsigned int child = 2 * index + 1;

		if (child >= merge->heap_size)
			break;
		if (child + 1 < merge->heap_size &&
		    heap[child + 1].ts < heap[child].ts)
			child++;
		if (moving.ts <= heap[child].ts)
			break;
		heap[index] = heap[child];
		index = child;
	}
	heap[index] = moving;
}

/* Returns whether some ring is so full that records may be lost. */
static bool build_heap(struct merge *merge)
{
	bool hurry = false;

	merge->heap_size = 0;
	for (unsigned int i = 0; i < merge->ring_count + merge->buffers_end;
	     i++) {
		struct ring *ring =
			i < merge->ring_count
				? &merge->rings[i]
				: &merge->buffers[i - merge->ring_count];

		if (ring->size == 0)
			continue;
		ring_refresh(ring);
		hurry |= ring_is_half_full(ring);
		if (fill_entry(merge, &merge->heap[merge->heap_size], ring))
			merge->heap_size++;
		else /* it may be full of what ring_peek() passes over */
			ring_release(ring);
	}
	for (unsigned int i = merge->heap_size / 2; i-- > 0;)
		sift_down(merge, i);
	return hurry;
}

/* Step to the next record of the ring that has the oldest record. */
static void advance(struct merge *merge)
{
	struct merge_entry *top = &merge->heap[0];

	ring_consume(top->ring);
	if (top->ring->tail - *top->ring->released >= RELEASE_BYTES)
		ring_release(top->ring);
	if (!fill_entry(merge, top, top->ring)) {
		ring_release(top->ring);
		*top = merge->heap[--merge->heap_size];
	}
	sift_down(merge, 0);
}

bool merge_drain(struct merge *merge, uint64_t until, record_consumer consume,
		 void *context)
{
	enum verdict verdict = CONSUMED;
	bool hurry = build_heap(merge);

	while (merge->heap_size > 0 && verdict == CONSUMED) {
		struct merge_entry *top = &merge->heap[0];

		/* A BPF ring buffer is in order, and may be small. */
		if (top->ring->control && !hurry && top->ts >= until &&
		    top->ts - until < FAR_AHEAD_NS)
			break;
		verdict = consume(context, &top->record);
		if (verdict != NOT_CONSUMED)
			advance(merge);
	}
	for (unsigned int i = 0; i < merge->heap_size; i++)
		ring_release(merge->heap[i].ring);
	return merge->heap_size > 0;
}
