/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One perf ring: where one CPU's records arrive.
 *
 * The ring is a PERF_COUNT_SW_BPF_OUTPUT event of perf_event_open(2), mapped
 * as its section "MMAP layout" says: one page of control data, then the
 * data, a power of two of pages. The kernel moves data_head, we move
 * data_tail; what is between the two is ours to read.
 */
#ifndef OPENSNOOP_PERF_RING_H
#define OPENSNOOP_PERF_RING_H

#include <linux/perf_event.h>

#include "event/record.h"

/*
 * With --live several generations of programs write to one ring, each through
 * an event of its own, and each makes another struct of its records: a stream.
 * Stream 0 writes through the event that the ring was mapped by, and sends
 * nothing but its records: as long as nothing is saved, nothing is paid for it.
 * The samples of others begin with the id of their event.
 */
#define STREAMS_MAX 16

struct stream_event {
	int fd; /* 0: there is no such stream */
	uint64_t id;
	uint64_t end;  /* where its records end, see ring_end_stream() */
	uint64_t lost; /* records without room, as far as the kernel told */
};

struct ring {
	int cpu;
	struct stream_event streams[STREAMS_MAX];
	struct perf_event_mmap_page *control;
	unsigned char *data;
	uint64_t size;	     /* bytes of data */
	uint64_t head;	     /* as last read from the kernel */
	uint64_t tail;	     /* as far as we have read */
	unsigned char *copy; /* a record that wraps around the ring's end */
};

/*
 * Returns 0, or a negative errno as of perf_event_open(2) and mmap(2); -ENOBUFS
 * where the user may not lock so much memory.
 */
int ring_open(struct ring *ring, int cpu, unsigned int pages);

/* The same for the event `fd`, which is closed with the ring or on an error. */
int ring_map(struct ring *ring, int fd, unsigned int pages);
void ring_close(struct ring *ring);

/*
 * Let another stream than 0 write to the ring, which has one. Returns 0 or a
 * negative errno.
 */
int ring_add_stream(struct ring *ring, uint32_t stream);

/* Also of stream 0, which doesn't come back: the mapping keeps the ring. */
void ring_drop_stream(struct ring *ring, uint32_t stream);

/*
 * No more records of the stream come: note where the last one is, and tell
 * whether it is consumed by now.
 */
void ring_end_stream(struct ring *ring, uint32_t stream);
bool ring_stream_is_read(const struct ring *ring, uint32_t stream);

/* The event that the stream's programs write through. */
int ring_event(const struct ring *ring, uint32_t stream);

/*
 * False where the ring's CPU went offline, also if it is back by now: the
 * kernel took the event from it for good.
 */
bool ring_is_alive(const struct ring *ring);

/* See what the kernel has written by now. */
void ring_refresh(struct ring *ring);

/*
 * The oldest record that isn't consumed yet; false if there is none. It lies
 * in the ring itself, and stays valid until ring_release(). What a stream
 * that was dropped has left is passed over.
 */
bool ring_peek(struct ring *ring, struct record *record);
void ring_consume(struct ring *ring);

/* The next perf record, of whichever type; NULL if there is none. */
const struct perf_event_header *ring_next(struct ring *ring);

/* Give the room of what was consumed back to the kernel. */
void ring_release(struct ring *ring);

static inline bool ring_is_empty(const struct ring *ring)
{
	return ring->head == ring->tail;
}

static inline bool ring_is_half_full(const struct ring *ring)
{
	return ring->head - ring->tail > ring->size / 2;
}

#endif
