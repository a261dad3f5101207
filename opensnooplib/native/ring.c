// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * How much must wait in the ring before the kernel wakes us. A wake-up for
 * each record costs the traced program ten times more than the record; a
 * reader that also looks every few milliseconds is as prompt.
 */
#define WAKEUP_BYTES (64 * 1024)

/* A perf record's size is a u16. */
#define RECORD_SIZE_MAX (1 << 16)

/* What PERF_SAMPLE_RAW alone makes of a sample. */
struct sample {
	struct perf_event_header header;
	uint32_t raw_size;
	unsigned char raw[];
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t map_size(const struct ring *ring)
{
	return page_size() + ring->size;
}

static int open_event(int cpu, uint64_t ring_size)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
		.watermark = 1,
	};
	uint64_t quarter = ring_size / 4;

	attr.wakeup_watermark =
		(uint32_t)(quarter < WAKEUP_BYTES ? quarter : WAKEUP_BYTES);
	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

int ring_open(struct ring *ring, int cpu, unsigned int pages)
{
	void *map;
	int error;

	*ring = (struct ring){.cpu = cpu, .size = pages * page_size()};
	ring->fd = open_event(cpu, ring->size);
	if (ring->fd < 0)
		return -errno;

	map = mmap(NULL, map_size(ring), PROT_READ | PROT_WRITE, MAP_SHARED,
		   ring->fd, 0);
	if (map == MAP_FAILED) {
		error = -errno;
		close(ring->fd);
		return error;
	}
	ring->control = map;
	ring->data = (unsigned char *)map + page_size();
	ring->copy = malloc(RECORD_SIZE_MAX);
	if (!ring->copy) {
		ring_close(ring);
		return -ENOMEM;
	}
	return 0;
}

void ring_close(struct ring *ring)
{
	munmap(ring->control, map_size(ring));
	close(ring->fd);
	free(ring->copy);
}

void ring_refresh(struct ring *ring)
{
	ring->head =
		__atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
}

/* The next perf record of any type, in one piece. */
static const struct sample *next_sample(struct ring *ring)
{
	uint64_t offset = ring->tail & (ring->size - 1);
	const struct perf_event_header *header = (void *)(ring->data + offset);
	uint64_t until_end = ring->size - offset;

	/* Records are multiples of 8 bytes, so a header never wraps. */
	if (header->size <= until_end)
		return (const void *)header;
	memcpy(ring->copy, header, until_end);
	memcpy(ring->copy + until_end, ring->data, header->size - until_end);
	return (const void *)ring->copy;
}

bool ring_peek(struct ring *ring, struct record *record)
{
	while (ring->tail < ring->head) {
		const struct sample *sample = next_sample(ring);

		/*
		 * PERF_RECORD_LOST is no news: the BPF side counts what it
		 * can't send, and the kernel tells of it only later.
		 */
		if (sample->header.type == PERF_RECORD_SAMPLE) {
			record->data = sample->raw;
			record->size = sample->raw_size;
			return true;
		}
		ring->tail += sample->header.size;
	}
	return false;
}

void ring_consume(struct ring *ring)
{
	uint64_t offset = ring->tail & (ring->size - 1);
	const struct perf_event_header *header = (void *)(ring->data + offset);

	ring->tail += header->size;
}

void ring_release(struct ring *ring)
{
	__atomic_store_n(&ring->control->data_tail, ring->tail,
			 __ATOMIC_RELEASE);
}
