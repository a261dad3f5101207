// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "perf/perf_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Watermark of a ring: how many bytes it holds before the kernel wakes the
 * reader. A wake-up for each record would cost the traced program ten times
 * more than the record; a reader that also looks every few milliseconds is as
 * prompt.
 */
#define WATERMARK_BYTES (64 * 1024)

/* A perf record's size is a u16. */
#define RECORD_SIZE_MAX (1 << 16)

/* A sample of PERF_SAMPLE_RAW, behind its perf_event_header. */
struct raw_sample {
	uint32_t size;
	unsigned char bytes[];
};

/*
 * A sample of stream 0 begins with the size of its record; a sample of another
 * stream, with the id of its event. The kernel pads a record so that together
 * with its size it fills words of 8 bytes (perf_prepare_sample() in
 * kernel/events/core.c): the size is 4 more than a multiple of 8. An event
 * whose id is that too isn't used.
 */
static bool looks_like_size(uint64_t number)
{
	return number % 8 == 4;
}

static size_t map_size(const struct ring *ring)
{
	return (size_t)getpagesize() + ring->size;
}

/* `pages` as event_open() has it. Returns 0 or a negative errno. */
static int open_event(struct stream_event *event, enum perf_event_kind kind,
		      const struct ring *ring, unsigned int pages)
{
	uint64_t quarter = ring->size / 4;
	uint64_t watermark =
		quarter < WATERMARK_BYTES ? quarter : WATERMARK_BYTES;
	int fd = event_open(kind, ring->cpu, pages, (unsigned int)watermark);

	if (fd < 0)
		return fd;
	event->fd = fd;
	return ioctl(fd, PERF_EVENT_IOC_ID, &event->id) < 0 ? -errno : 0;
}

static int map_ring(struct ring *ring)
{
	void *map = mmap(NULL, map_size(ring), PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring->streams[0].fd, 0);

	/* EPERM: too much locked memory (perf_mmap(), kernel/events/core.c). */
	if (map == MAP_FAILED)
		return errno == EPERM ? -ENOBUFS : -errno;
	ring->control = map;
	ring->head_now = &ring->control->data_head;
	ring->released = &ring->control->data_tail;
	ring->data = (unsigned char *)map + getpagesize();
	ring->copy = malloc(RECORD_SIZE_MAX);
	return ring->copy ? 0 : -ENOMEM;
}

int ring_open(struct ring *ring, enum perf_event_kind kind, int cpu,
	      unsigned int pages)
{
	int error;

	*ring = (struct ring){
		.cpu = cpu,
		.with_task = kind == EVENT_RECORDS_WITH_TASK,
		.size = (uint64_t)pages * (uint64_t)getpagesize(),
	};
	error = open_event(&ring->streams[0], kind, ring, pages);
	if (!error)
		error = map_ring(ring);
	if (error)
		ring_close(ring);
	return error;
}

void ring_close(struct ring *ring)
{
	for (uint32_t stream = 0; stream < STREAMS_MAX; stream++)
		ring_drop_stream(ring, stream);
	if (ring->control)
		munmap(ring->control, map_size(ring));
	free(ring->copy);
}

/* Any event of the ring: they all share one buffer. */
static int any_event(const struct ring *ring)
{
	uint32_t stream = 0;

	while (!ring->streams[stream].fd)
		stream++;
	return ring->streams[stream].fd;
}

int ring_add_stream(struct ring *ring, uint32_t stream)
{
	struct stream_event *event = &ring->streams[stream];
	enum perf_event_kind kind = ring->with_task ? EVENT_RECORDS_WITH_TASK
						    : EVENT_RECORDS_WITH_ID;
	int output = any_event(ring);
	int error;

	/* An event that is opened anew has another id. */
	do {
		ring_drop_stream(ring, stream);
		error = open_event(event, kind, ring, 0);
	} while (!error && looks_like_size(event->id));
	if (!error && ioctl(event->fd, PERF_EVENT_IOC_SET_OUTPUT, output) < 0)
		error = -errno;
	if (error)
		ring_drop_stream(ring, stream);
	return error;
}

void ring_drop_stream(struct ring *ring, uint32_t stream)
{
	if (ring->streams[stream].fd > 0)
		close(ring->streams[stream].fd);
	ring->streams[stream] = (struct stream_event){0};
}

/* The time for which the event was enabled: perf_event_open(2). 0: unknown. */
static uint64_t enabled_ns(int event)
{
	uint64_t value_and_time[2] = {0};

	if (read(event, value_and_time, sizeof(value_and_time)) < 0)
		return 0;
	return value_and_time[1];
}

bool ring_is_alive(const struct ring *ring)
{
	int event = any_event(ring);

	/* The time increases for as long as the event has its CPU. */
	return enabled_ns(event) != enabled_ns(event);
}

static uint64_t head_now(const struct ring *ring)
{
	return __atomic_load_n(ring->head_now, __ATOMIC_ACQUIRE);
}

void ring_refresh(struct ring *ring)
{
	ring->head = head_now(ring);
}

bool ring_is_filled(const struct ring *ring, unsigned int part)
{
	return head_now(ring) - *ring->released > ring->size / part;
}

/* The next perf record, of any type, in one piece. */
static const struct perf_event_header *next_record(struct ring *ring)
{
	uint64_t offset = ring->tail & (ring->size - 1);
	const struct perf_event_header *header = (void *)(ring->data + offset);
	uint64_t until_end = ring->size - offset;

	ring->next_size = header->size;
	/* Records are multiples of 8 bytes, so a header never wraps. */
	if (header->size <= until_end)
		return header;
	memcpy(ring->copy, header, until_end);
	memcpy(ring->copy + until_end, ring->data, header->size - until_end);
	return (const void *)ring->copy;
}

/* STREAMS_MAX if the stream with this id was dropped. */
static uint32_t find_stream(const struct ring *ring, uint64_t id)
{
	uint32_t i = 0;

	while (i < STREAMS_MAX &&
	       (ring->streams[i].fd <= 0 || ring->streams[i].id != id))
		i++;
	return i;
}

/* False if the sample's stream was dropped. */
static bool read_sample(const struct ring *ring, const void *sample,
			struct record *record)
{
	const struct raw_sample *raw = sample;
	const uint64_t *words = sample;

	*record = (struct record){0};
	if (ring->with_task || !looks_like_size(raw->size)) {
		record->stream = find_stream(ring, *words++);
		if (ring->with_task)
			record->pid = (uint32_t)*words++;
		raw = (const void *)words;
	}
	if (record->stream == STREAMS_MAX || !ring->streams[record->stream].fd)
		return false;
	record->data = raw->bytes;
	record->size = raw->size;
	return true;
}

/* PERF_RECORD_LOST: the event's id, and how many of its records are lost. */
static void note_lost(struct ring *ring, const struct perf_event_header *header)
{
	uint64_t body[2];
	uint32_t stream;

	if (header->size < sizeof(*header) + sizeof(body))
		return;
	memcpy(body, header + 1, sizeof(body));
	stream = find_stream(ring, body[0]);
	if (stream < STREAMS_MAX)
		ring->streams[stream].lost += body[1];
}

const struct perf_event_header *ring_next(struct ring *ring)
{
	return ring_is_empty(ring) ? NULL : next_record(ring);
}

bool ring_peek(struct ring *ring, struct record *record)
{
	while (ring->tail < ring->head) {
		const struct perf_event_header *header = next_record(ring);

		if (header->type == PERF_RECORD_SAMPLE &&
		    read_sample(ring, header + 1, record))
			return true;
		if (header->type == PERF_RECORD_LOST)
			note_lost(ring, header);
		ring->tail += header->size;
	}
	return false;
}

void ring_consume(struct ring *ring)
{
	ring->tail += ring->next_size;
}

void ring_release(struct ring *ring)
{
	__atomic_store_n(ring->released, ring->tail, __ATOMIC_RELEASE);
}
