// SPDX-License-Identifier: Apache-2.0
#include "stacks/mmap_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Pages of one ring: 128 hold the events of a thousand programs that start
 * within 40 ms. Rings are smaller if there are many CPUs.
 */
#define RING_PAGES_MAX 128
#define RING_PAGES_MIN 8

/* Pages of all rings. */
#define ALL_PAGES_MAX 8192

static int open_rings(struct mmap_events *events, const struct ring *rings,
		      unsigned int ring_count, unsigned int pages)
{
	*events = (struct mmap_events){0};
	events->rings = calloc(ring_count, sizeof(*events->rings));
	if (!events->rings)
		return -ENOMEM;
	for (unsigned int i = 0; i < ring_count; i++) {
		struct ring *ring = &events->rings[events->ring_count].ring;
		int error =
			ring_open(ring, EVENT_MAPPINGS, rings[i].cpu, pages);

		if (error == -ENODEV) /* offline */
			continue;
		if (error) {
			mmap_events_close(events);
			return error;
		}
		events->ring_count++;
	}
	return 0;
}

int mmap_events_open(struct mmap_events *events, const struct ring *rings,
		     unsigned int ring_count)
{
	unsigned int pages = RING_PAGES_MAX;
	int error;

	while (pages > RING_PAGES_MIN && pages * ring_count > ALL_PAGES_MAX)
		pages /= 2;
	do {
		error = open_rings(events, rings, ring_count, pages);
		pages /= 2;
	} while (error == -ENOBUFS && pages >= RING_PAGES_MIN);
	return error;
}

void mmap_events_close(struct mmap_events *events)
{
	for (unsigned int i = 0; i < events->ring_count; i++)
		ring_close(&events->rings[i].ring);
	free(events->rings);
	*events = (struct mmap_events){0};
}

uint64_t mmap_event_time(const struct perf_event_header *event)
{
	const unsigned char *end = (const unsigned char *)event + event->size;
	uint64_t time;

	memcpy(&time, end - sizeof(time), sizeof(time));
	return time;
}

static void look_at_next(struct mmap_ring *from)
{
	const struct perf_event_header *event = ring_next(&from->ring);

	from->next = event ? mmap_event_time(event) : UINT64_MAX;
}

/*
 * Could an event have found no room? Only mmap_events_read() makes room, so
 * what was too full for one since then is so still.
 */
static bool is_full(const struct ring *ring)
{
	const uint64_t largest = sizeof(struct perf_event_header) + 4096 + 256;

	return ring->size - (ring->head - *ring->released) < largest;
}

bool mmap_events_read(struct mmap_events *events)
{
	bool any_is_full = false;

	for (unsigned int i = 0; i < events->ring_count; i++) {
		struct ring *ring = &events->rings[i].ring;

		ring_refresh(ring);
		any_is_full |= is_full(ring);
		ring_release(ring);
		look_at_next(&events->rings[i]);
	}
	return !any_is_full;
}

void mmap_events_drop(struct mmap_events *events)
{
	for (unsigned int i = 0; i < events->ring_count; i++) {
		struct ring *ring = &events->rings[i].ring;

		ring->tail = ring->head;
		ring_release(ring);
		look_at_next(&events->rings[i]);
	}
}

bool mmap_events_are_many(const struct mmap_events *events)
{
	for (unsigned int i = 0; i < events->ring_count; i++)
		if (ring_is_half_full(&events->rings[i].ring))
			return true;
	return false;
}

bool mmap_events_take(struct mmap_events *events, uint64_t until,
		      void (*handle)(void *context,
				     const struct perf_event_header *event),
		      void *context)
{
	struct mmap_ring *from = NULL;

	for (unsigned int i = 0; i < events->ring_count; i++)
		if (!from || events->rings[i].next < from->next)
			from = &events->rings[i];
	if (!from || from->next >= until)
		return false;
	handle(context, ring_next(&from->ring));
	ring_consume(&from->ring);
	look_at_next(from);
	return true;
}
