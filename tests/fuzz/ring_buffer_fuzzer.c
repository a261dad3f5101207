// SPDX-License-Identifier: Apache-2.0
/*
 * A BPF ring buffer in ordinary memory, mapped twice as the kernel maps it:
 * ring_buffer_peek() returns each record that was submitted, whole and in
 * order, none that was discarded, and none that is still being written.
 *
 * Each byte of the input is a step: a program reserves a record, or completes
 * one, or the reader reads.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf/ring_buffer.h"
#include "input.h"

#define DATA_SIZE   4096
#define RECORDS_MAX 4096
#define STREAM	    5

struct reserved {
	uint64_t begin; /* of its header */
	uint32_t size;
	bool is_discarded;
	bool is_complete;
};

struct world {
	uint64_t *consumer;
	uint64_t *producer;
	unsigned char *data;
	struct reserved records[RECORDS_MAX];
	uint32_t count;
	uint32_t complete; /* up to here, all are */
	uint32_t next;	   /* that the reader must see */
};

static uint32_t *header_of(struct world *world, uint64_t begin)
{
	return (uint32_t *)(world->data + begin % DATA_SIZE);
}

static unsigned char content(uint32_t number, uint32_t i)
{
	return (unsigned char)(number * 31 + i * 7 + 1);
}

static void reserve(struct world *world, struct input *input)
{
	uint32_t size = take_u16(input) % DATA_SIZE;
	uint64_t whole = (8 + (uint64_t)size + 7) / 8 * 8;

	if (world->count == RECORDS_MAX ||
	    *world->producer + whole - *world->consumer > DATA_SIZE)
		return;
	world->records[world->count++] = (struct reserved){
		.begin = *world->producer,
		.size = size,
	};
	*header_of(world, *world->producer) = size | BPF_RINGBUF_BUSY_BIT;
	*world->producer += whole;
}

/* Complete a record, not always the oldest: programs run on several CPUs. */
static void complete(struct world *world, uint32_t behind, bool discard)
{
	uint32_t number = world->complete + behind;
	struct reserved *record = &world->records[number];
	uint32_t *header = header_of(world, record->begin);
	unsigned char *bytes = (unsigned char *)header + 8;

	if (number >= world->count || record->is_complete)
		return;
	for (uint32_t i = 0; i < record->size; i++)
		bytes[i] = content(number, i);
	record->is_discarded = discard;
	record->is_complete = true;
	*header = record->size | (discard ? BPF_RINGBUF_DISCARD_BIT : 0);
	while (world->complete < world->count &&
	       world->records[world->complete].is_complete)
		world->complete++;
}

static struct reserved *expected(struct world *world)
{
	while (world->next < world->complete &&
	       world->records[world->next].is_discarded)
		world->next++;
	return world->next < world->complete ? &world->records[world->next]
					     : NULL;
}

static void read_all(struct world *world, struct ring *ring, bool release)
{
	struct record record;

	ring_refresh(ring);
	while (ring_buffer_peek(ring, &record)) {
		struct reserved *wanted = expected(world);

		CHECK(wanted && record.size == wanted->size);
		CHECK(record.stream == STREAM && record.is_exact);
		for (uint32_t i = 0; i < record.size; i++)
			CHECK(record.data[i] == content(world->next, i));
		ring_consume(ring);
		world->next++;
	}
	CHECK(!expected(world));
	if (release)
		ring_release(ring);
	CHECK(*world->consumer <= *world->producer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	const long page = sysconf(_SC_PAGESIZE);
	static struct world world;
	struct ring ring;
	int file = memfd_create("map", 0);
	unsigned char *rest;

	CHECK(file >= 0 && ftruncate(file, 2 * page + 2 * DATA_SIZE) == 0);
	CHECK(ring_buffer_open(&ring, file, DATA_SIZE, STREAM) == 0);
	/* The second half of the data is the first one once more. */
	rest = (unsigned char *)ring.head_now;
	CHECK(mmap(rest + page, DATA_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, file, 2 * page) != MAP_FAILED);
	CHECK(mmap(rest + page + DATA_SIZE, DATA_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, file, 2 * page) != MAP_FAILED);
	world = (struct world){
		.consumer = (uint64_t *)ring.released,
		.data = ring.data,
	};
	world.producer = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE,
			      MAP_SHARED, file, page);
	CHECK(world.producer != MAP_FAILED);
	while (input.size > 0) {
		uint8_t step = take_u8(&input);

		if (step % 4 == 0)
			read_all(&world, &ring, step & 4);
		else if (step % 4 == 1)
			complete(&world, step >> 3, step & 4);
		else
			reserve(&world, &input);
	}
	while (world.complete < world.count)
		complete(&world, 0, false);
	read_all(&world, &ring, true);
	CHECK(world.next == world.count);
	CHECK(ring.tail == *world.producer);
	munmap(world.producer, (size_t)page);
	ring_buffer_close(&ring);
	close(file);
	return 0;
}
