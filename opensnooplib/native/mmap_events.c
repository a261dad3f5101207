// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "mmap_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* For each CPU: a thousand programs started in 40 ms find room. */
#define PAGES 128

/* Of those that are younger than the rows that are written. */
#define WAITING_MAX 65536

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
		/* The time, in the last 8 bytes of each record. */
		.sample_id_all = 1,
		.sample_type = PERF_SAMPLE_TIME,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

int mmap_events_open(struct mmap_events *events, const int *cpus,
		     unsigned int cpu_count)
{
	*events = (struct mmap_events){0};
	events->rings = calloc(cpu_count, sizeof(*events->rings));
	if (!events->rings)
		return -ENOMEM;
	for (unsigned int i = 0; i < cpu_count; i++) {
		int fd = open_event(cpus[i]);
		int error = fd < 0 ? -errno
				   : ring_map(&events->rings[i], fd, PAGES);

		if (error) {
			mmap_events_close(events);
			return error;
		}
		events->ring_count++;
	}
	return 0;
}

static void drop(struct mmap_events *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(events->waiting[i].record);
	events->count -= count;
	memmove(events->waiting, events->waiting + count,
		events->count * sizeof(*events->waiting));
	events->taken = 0;
}

void mmap_events_close(struct mmap_events *events)
{
	for (unsigned int i = 0; i < events->ring_count; i++)
		ring_close(&events->rings[i]);
	free(events->rings);
	if (events->waiting)
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
	if (events->room >= WAITING_MAX)
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

/* False where there is no room for it. */
static bool keep(struct mmap_events *events,
		 const struct perf_event_header *record)
{
	struct mmap_event event = {.record = malloc(record->size)};
	const unsigned char *end = (const unsigned char *)record + record->size;

	if (!event.record || !make_room(events)) {
		free(event.record);
		return false;
	}
	memcpy(event.record, record, record->size);
	memcpy(&event.time, end - sizeof(event.time), sizeof(event.time));
	events->waiting[events->count++] = event;
	return true;
}

/* The kernel says so behind what it lost: see that it may have. */
static bool may_have_lost(const struct ring *ring)
{
	const uint64_t largest = sizeof(struct perf_event_header) + 4096 + 256;

	return ring->size - (ring->head - ring->tail) < largest;
}

static bool empty(struct mmap_events *events, struct ring *ring)
{
	const struct perf_event_header *record;
	bool is_whole;

	ring_refresh(ring);
	is_whole = !may_have_lost(ring);
	while ((record = ring_next(ring))) {
		if (record->type == PERF_RECORD_LOST)
			is_whole = false;
		else if (is_of_interest(record))
			is_whole &= keep(events, record);
		ring_consume(ring);
	}
	ring_release(ring);
	return is_whole;
}

static int compare(const void *one, const void *other)
{
	uint64_t a = ((const struct mmap_event *)one)->time;
	uint64_t b = ((const struct mmap_event *)other)->time;

	return a < b ? -1 : a > b;
}

bool mmap_events_read(struct mmap_events *events)
{
	bool is_whole = true;

	if (events->waiting)
		drop(events, events->taken);
	for (unsigned int i = 0; i < events->ring_count; i++)
		is_whole &= empty(events, &events->rings[i]);
	if (!is_whole && events->waiting)
		drop(events, events->count);
	if (events->count > 1)
		qsort(events->waiting, events->count, sizeof(*events->waiting),
		      compare);
	return is_whole;
}

const struct perf_event_header *mmap_events_next(struct mmap_events *events,
						 uint64_t until)
{
	if (events->taken == events->count ||
	    events->waiting[events->taken].time > until)
		return NULL;
	return events->waiting[events->taken++].record;
}
