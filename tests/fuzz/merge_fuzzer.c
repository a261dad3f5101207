// SPDX-License-Identifier: Apache-2.0
/*
 * Rings in ordinary memory, written as the kernel writes them: merge_drain()
 * hands over every record once, whole, and in order of time.
 *
 * The first bytes of the input choose the rings; each further one is a step:
 * the kernel writes a record, or the reader drains.
 */
#include <stdbool.h>

#include "perf/merge.h"
#include "input.h"

#define RINGS	    4
#define RECORDS_MAX 1024 /* for each ring */

/* Later than any kernel's CLOCK_MONOTONIC; UINT64_MAX stands for "all". */
#define TIME_MAX INT64_MAX

/* As merge.c has it. */
#define FAR_AHEAD_NS 1000000000

/* What the reader is written for: see perf_event_open(2). */
struct sample {
	struct perf_event_header header;
	uint32_t raw_size;
	unsigned char raw[];
};

/* Streams, each with its event: see perf_ring.h. The last has been dropped. */
static const struct stream_event events[] = {
	{.fd = 1, .id = 4},
	{.fd = 2, .id = 8},
	{.fd = 3, .id = UINT64_MAX},
	{.fd = 0, .id = 24},
};

#define STREAMS (sizeof(events) / sizeof(events[0]))

/* A record as its bytes stand in raw[]. */
#define NUMBER_SIZE 4
#define TS_OFFSET   NUMBER_SIZE
#define TS_SIZE	    8

struct written {
	uint64_t begin; /* where in the ring, as data_head counts */
	uint64_t end;
	uint64_t ts;
	uint32_t raw_size;
	uint32_t stream;
	bool is_sample; /* of a stream that is there */
};

/* One ring, and what the kernel remembers of it. */
struct kernel_ring {
	struct written records[RECORDS_MAX];
	uint32_t count;
	uint32_t next;	    /* the oldest that isn't consumed */
	uint64_t scribbled; /* up to here, what was given back is gone */
};

struct world {
	struct ring *rings;
	struct kernel_ring kernel[RINGS];
	unsigned int ring_count;
	bool has_ts;
	uint64_t until;
	uint32_t stop_after; /* records; 0: never */
	enum verdict stop_verdict;
	bool stopped;
	bool hurry; /* some ring is more than half full */
};

static void make_ring(struct ring *ring, struct input *input)
{
	ring->size = 64U << take_u8(input) % 8;
	ring->control = calloc(1, sizeof(*ring->control));
	ring->data = exactly(ring->size);
	ring->copy = exactly(1 << 16);
	CHECK(ring->control);
	memset(ring->data, 0xff, ring->size);
	/* A ring is old, or new, when the reader first sees it. */
	ring->head = take_u8(input) * 8;
	ring->tail = ring->head;
	ring->control->data_head = ring->head;
	ring->control->data_tail = ring->head;
	ring->head_now = &ring->control->data_head;
	ring->released = &ring->control->data_tail;
	memcpy(ring->streams, events, sizeof(events));
}

static void free_ring(struct ring *ring)
{
	free(ring->control);
	free(ring->data);
	free(ring->copy);
}

static unsigned char content(unsigned int ring, uint32_t number, uint32_t i)
{
	return (unsigned char)(ring * 101 + number * 31 + i * 7);
}

static void copy_in(struct ring *ring, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ring->data[(ring->control->data_head + i) & (ring->size - 1)] =
			((const unsigned char *)bytes)[i];
	ring->control->data_head += size;
}

static void fill_sample(struct sample *sample, unsigned int place,
			uint32_t number, uint64_t ts)
{
	for (uint32_t i = 0; i < sample->raw_size; i++)
		sample->raw[i] = content(place, number, i);
	memcpy(sample->raw, &number, NUMBER_SIZE);
	if (sample->raw_size >= TS_OFFSET + TS_SIZE)
		memcpy(sample->raw + TS_OFFSET, &ts, TS_SIZE);
}

/* Between the header and the rest stands the id of its event. */
static void copy_sample_in(struct ring *ring, const struct sample *sample,
			   const uint64_t *id)
{
	size_t rest = sizeof(sample->raw_size) + sample->raw_size;

	copy_in(ring, &sample->header, sizeof(sample->header));
	if (id)
		copy_in(ring, id, sizeof(*id));
	copy_in(ring, &sample->raw_size, rest);
}

/* The kernel writes a record, if there is room. */
static void write_record(struct world *world, struct input *input)
{
	unsigned int place = take_u8(input) % world->ring_count;
	struct ring *ring = &world->rings[place];
	struct kernel_ring *kernel = &world->kernel[place];
	uint8_t kind = take_u8(input);
	uint64_t ts = take_u64(input) & TIME_MAX;
	uint32_t raw_size = 4 + 8 * (take_u16(input) % 512);
	uint32_t stream = kind / 8 % STREAMS;
	const uint64_t *id = stream ? &events[stream].id : NULL;
	size_t size = sizeof(struct sample) + raw_size + (id ? sizeof(*id) : 0);
	struct sample *sample;

	if (kernel->count == RECORDS_MAX ||
	    size > ring->size - (ring->control->data_head -
				 ring->control->data_tail))
		return;
	sample = calloc(1, size);
	CHECK(sample);
	sample->header.type = kind % 4	 ? PERF_RECORD_SAMPLE
			      : kind % 8 ? PERF_RECORD_LOST
					 : PERF_RECORD_THROTTLE;
	sample->header.size = (uint16_t)size;
	sample->raw_size = raw_size;
	fill_sample(sample, place, kernel->count, ts);

	if (!world->has_ts || raw_size < TS_OFFSET + TS_SIZE)
		ts = 0;
	kernel->records[kernel->count++] = (struct written){
		.begin = ring->control->data_head,
		.end = ring->control->data_head + size,
		.ts = ts,
		.raw_size = raw_size,
		.stream = stream,
		.is_sample = sample->header.type == PERF_RECORD_SAMPLE &&
			     events[stream].fd,
	};
	copy_sample_in(ring, sample, id);
	free(sample);
}

/* The record that the reader must see next in this ring; NULL: none. */
static struct written *oldest(struct kernel_ring *kernel)
{
	while (kernel->next < kernel->count &&
	       !kernel->records[kernel->next].is_sample)
		kernel->next++;
	if (kernel->next == kernel->count)
		return NULL;
	return &kernel->records[kernel->next];
}

static uint64_t oldest_ts(struct world *world)
{
	uint64_t ts = UINT64_MAX;

	for (unsigned int i = 0; i < world->ring_count; i++) {
		struct written *record = oldest(&world->kernel[i]);

		if (record && record->ts < ts)
			ts = record->ts;
	}
	return ts;
}

static bool must_wait(struct world *world, unsigned int place)
{
	struct written *record = oldest(&world->kernel[place]);
	bool is_young = record->ts >= world->until &&
			record->ts - world->until < FAR_AHEAD_NS;

	return is_young && !world->hurry;
}

static bool some_ring_is_half_full(const struct world *world)
{
	for (unsigned int i = 0; i < world->ring_count; i++) {
		const struct ring *ring = &world->rings[i];

		if (ring->control->data_head - ring->tail > ring->size / 2)
			return true;
	}
	return false;
}

/* Whose memory, the ring's or that of its copy, holds the record? */
static unsigned int ring_of(struct world *world, const struct record *record)
{
	for (unsigned int i = 0; i < world->ring_count; i++) {
		const struct ring *ring = &world->rings[i];

		if (record->data >= ring->data &&
		    record->data < ring->data + ring->size)
			return i;
		if (record->data >= ring->copy &&
		    record->data < ring->copy + (1 << 16))
			return i;
	}
	CHECK(!"the record lies in a ring");
	return 0;
}

/* The kernel may write over all that was given back, at once. */
static void scribble(struct ring *ring, struct kernel_ring *kernel)
{
	CHECK(ring->control->data_tail <= ring->control->data_head);
	for (; kernel->scribbled < ring->control->data_tail;
	     kernel->scribbled++)
		ring->data[kernel->scribbled & (ring->size - 1)] = 0xff;
}

static void check_content(const struct record *record, unsigned int place,
			  uint32_t number)
{
	uint32_t seen;
	uint32_t i = NUMBER_SIZE;

	memcpy(&seen, record->data, NUMBER_SIZE);
	CHECK(seen == number);
	if (record->size >= TS_OFFSET + TS_SIZE)
		i += TS_SIZE;
	for (; i < record->size; i++)
		CHECK(record->data[i] == content(place, number, i));
}

static enum verdict consume(void *context, const struct record *record)
{
	struct world *world = context;
	unsigned int place = ring_of(world, record);
	struct ring *ring = &world->rings[place];
	struct kernel_ring *kernel = &world->kernel[place];
	struct written *expected = oldest(kernel);

	CHECK(!world->stopped);
	CHECK(expected);
	CHECK(record->size == expected->raw_size);
	CHECK(record->stream == expected->stream);
	CHECK(expected->ts == oldest_ts(world));
	CHECK(!must_wait(world, place));
	CHECK(ring->control->data_tail <= expected->begin);
	for (unsigned int i = 0; i < world->ring_count; i++)
		scribble(&world->rings[i], &world->kernel[i]);
	check_content(record, place, kernel->next);

	if (world->stop_after > 0 && --world->stop_after == 0) {
		world->stopped = true;
		if (world->stop_verdict == NOT_CONSUMED)
			return NOT_CONSUMED;
	}
	kernel->next++;
	return world->stopped ? world->stop_verdict : CONSUMED;
}

/* Where the drain ended by itself, the oldest record has to wait. */
static void check_rest(struct world *world, bool left)
{
	uint64_t ts = oldest_ts(world);
	bool any = false;
	bool any_waits = false;

	for (unsigned int i = 0; i < world->ring_count; i++) {
		struct written *record = oldest(&world->kernel[i]);

		if (!record)
			continue;
		any = true;
		any_waits |= record->ts == ts && must_wait(world, i);
	}
	CHECK(left == any);
	CHECK(!any || any_waits || world->stopped);
}

/* What was consumed is given back, and nothing else. */
static void check_released(struct ring *ring, struct kernel_ring *kernel)
{
	struct written *record = oldest(kernel);
	uint64_t end = record ? record->begin : ring->control->data_head;

	CHECK(ring->control->data_tail == end);
	scribble(ring, kernel);
}

static void drain(struct world *world, struct merge *merge, uint64_t until,
		  uint8_t stop)
{
	world->until = until;
	world->stop_after = stop >> 1;
	world->stop_verdict = stop & 1 ? CONSUMED_ENOUGH : NOT_CONSUMED;
	world->stopped = false;
	world->hurry = some_ring_is_half_full(world);

	check_rest(world, merge_drain(merge, until, consume, world));
	for (unsigned int i = 0; i < world->ring_count; i++)
		check_released(&world->rings[i], &world->kernel[i]);
}

static struct world world;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	static struct merge merge;

	world.rings = merge.rings;
	world.ring_count = 1 + take_u8(&input) % RINGS;
	merge.ring_count = world.ring_count;
	world.has_ts = take_u8(&input) % 8 != 7;
	for (unsigned int i = 0; i < world.ring_count; i++) {
		make_ring(&world.rings[i], &input);
		world.kernel[i].count = 0;
		world.kernel[i].next = 0;
		world.kernel[i].scribbled = world.rings[i].head;
	}
	for (uint32_t stream = 0; stream < STREAMS; stream++)
		merge.ts[stream] =
			(struct field){TS_OFFSET, world.has_ts ? TS_SIZE : 0};

	while (input.size > 0) {
		uint8_t step = take_u8(&input);

		if (step % 8 == 0)
			drain(&world, &merge, take_u64(&input),
			      take_u8(&input));
		else
			write_record(&world, &input);
	}
	drain(&world, &merge, UINT64_MAX, 0);
	CHECK(oldest_ts(&world) == UINT64_MAX);

	for (unsigned int i = 0; i < world.ring_count; i++)
		free_ring(&world.rings[i]);
	return 0;
}
