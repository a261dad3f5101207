// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "stacks/mmap_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * Pages of one ring: 128 hold the events of a thousand programs that start
 * within 40 ms. Rings are smaller if there are many CPUs.
 */
#define RING_PAGES_MAX 128
#define RING_PAGES_MIN 8

/* Pages of all rings. */
#define ALL_PAGES_MAX 8192

/* Events that wait, since they are younger than the rows that are written. */
#define EVENTS_WAITING_MAX 65536

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		/* The last 8 bytes of each record are its time. */
		.sample_id_all = 1,
		.sample_type = PERF_SAMPLE_TIME,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static unsigned int pages_for(unsigned int cpu_count)
{
	unsigned int pages = RING_PAGES_MAX;

	while (pages > RING_PAGES_MIN && pages * cpu_count > ALL_PAGES_MAX)
		pages /= 2;
	return pages;
}

static int open_rings(struct mmap_events *events, const int *cpus,
		      unsigned int cpu_count, unsigned int pages)
{
	*events = (struct mmap_events){0};
	events->rings = calloc(cpu_count, sizeof(*events->rings));
	if (!events->rings)
		return -ENOMEM;
	for (unsigned int i = 0; i < cpu_count; i++) {
		struct ring *ring = &events->rings[events->ring_count];
		int fd = open_event(cpus[i]);
		int error = fd < 0 ? -errno : ring_map(ring, fd, pages);

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

int mmap_events_open(struct mmap_events *events, const int *cpus,
		     unsigned int cpu_count)
{
	unsigned int pages = pages_for(cpu_count);
	int error = open_rings(events, cpus, cpu_count, pages);

	while (error == -ENOBUFS && pages > RING_PAGES_MIN) {
		pages /= 2;
		error = open_rings(events, cpus, cpu_count, pages);
	}
	return error;
}

static void drop(struct mmap_events *events, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		free(events->waiting[i].record);
	events->count -= count;
	events->taken = 0;
	memmove(events->waiting, events->waiting + count,
		events->count * sizeof(*events->waiting));
}

void mmap_events_close(struct mmap_events *events)
{
	for (unsigned int i = 0; i < events->ring_count; i++)
		ring_close(&events->rings[i]);
	free(events->rings);
	drop(events, events->count);
	free(events->waiting);
	*events = (struct mmap_events){0};
}

static bool make_room(struct mmap_events *events)
{
	size_t room = events->room ? 2 * events->room : 256;
	struct mmap_event *waiting;

	if (events->count < events->room)
		return true;
	if (events->room >= EVENTS_WAITING_MAX)
		return false;
	waiting = realloc(events->waiting, room * sizeof(*waiting));
	if (!waiting)
		return false;
	events->waiting = waiting;
	events->room = room;
	return true;
}

static bool is_of_interest(const struct perf_event_header *record)
{
	return record->type == PERF_RECORD_MMAP2 ||
	       record->type == PERF_RECORD_FORK ||
	       (record->type == PERF_RECORD_COMM &&
		record->misc & PERF_RECORD_MISC_COMM_EXEC);
}

static uint64_t time_of(const struct perf_event_header *record)
{
	const unsigned char *end = (const unsigned char *)record + record->size;
	uint64_t time;

	memcpy(&time, end - sizeof(time), sizeof(time));
	return time;
}

/* Keep a copy of the record. False: there is no room for it. */
static bool keep(struct mmap_events *events,
		 const struct perf_event_header *record, uint64_t time)
{
	struct mmap_event event = {time, malloc(record->size)};

	if (!event.record || !make_room(events)) {
		free(event.record);
		return false;
	}
	memcpy(event.record, record, record->size);
	events->waiting[events->count++] = event;
	return true;
}

/*
 * Could the ring be too full for a record? The kernel reports that only with
 * the next record that finds room.
 */
static bool is_full(const struct ring *ring)
{
	const uint64_t largest = sizeof(struct perf_event_header) + 4096 + 256;

	return ring->size - (ring->head - ring->tail) < largest;
}

static bool keep_gap(struct mmap_events *events, uint64_t from, uint64_t until)
{
	const struct mmap_gap gap = {
		.header = {PERF_RECORD_LOST, 0, sizeof(gap)},
		.until = until,
	};

	return keep(events, &gap.header, from);
}

/*
 * Take all records of a ring. A PERF_RECORD_LOST stands where the kernel found
 * room again: the missing records came after the record before it. Returns
 * false if there is no room for some.
 */
static bool empty(struct mmap_events *events, struct ring *ring, uint64_t now)
{
	const struct perf_event_header *record;
	uint64_t before;
	uint64_t time = 0;
	bool was_full;
	bool done = true;

	ring_refresh(ring);
	was_full = is_full(ring);
	while ((record = ring_next(ring))) {
		before = time;
		time = time_of(record);
		if (record->type == PERF_RECORD_LOST)
			done &= keep_gap(events, before, time);
		else if (is_of_interest(record))
			done &= keep(events, record, time);
		ring_consume(ring);
	}
	ring_release(ring);
	if (was_full)
		done &= keep_gap(events, time, now);
	return done;
}

static int compare(const void *one, const void *other)
{
	uint64_t a = ((const struct mmap_event *)one)->time;
	uint64_t b = ((const struct mmap_event *)other)->time;

	return a < b ? -1 : a > b;
}

bool mmap_events_read(struct mmap_events *events, uint64_t now)
{
	bool done = true;
	size_t before;

	drop(events, events->taken);
	before = events->count;
	for (unsigned int i = 0; i < events->ring_count; i++)
		done &= empty(events, &events->rings[i], now);
	if (!done)
		drop(events, events->count);
	if (events->count > before)
		qsort(events->waiting, events->count, sizeof(*events->waiting),
		      compare);
	return done;
}

const struct mmap_event *mmap_events_next(struct mmap_events *events,
					  uint64_t until)
{
	if (events->taken == events->count ||
	    events->waiting[events->taken].time > until)
		return NULL;
	return &events->waiting[events->taken++];
}
