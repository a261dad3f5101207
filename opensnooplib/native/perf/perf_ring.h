/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf ring: the ring buffer in which one CPU's records arrive.
 *
 * The ring is an event of perf_event_open(2), mapped as its section "MMAP
 * layout" says: one page of control data, then the data, a power of two of
 * pages. The kernel advances data_head, the reader data_tail; the bytes between
 * the two can be read.
 */
#pragma once

#include "event/record.h"
#include "perf/perf_event.h"

/*
 * Stream: the records of one output of one program set. With --live
 * several sets write to one ring, each through an event of its own, and
 * each may have another struct event. Stream 0 writes through the event that
 * the ring was mapped by, and its samples hold the record alone: streams cost
 * nothing until a file is saved, where an id in each would make an open 65 ns
 * slower. The samples of others begin with the id of their event; so do those
 * of stream 0 where the C is a person's own, which also have the task.
 */
#define STREAMS_MAX 32

struct stream_event {
	int fd; /* the programs write through it; 0: there is no such stream */
	uint64_t id;
	uint64_t lost; /* records, as far as the kernel has reported them */
};

struct ring {
	int cpu;
	bool with_task; /* its samples have their process, behind an id */
	struct stream_event streams[STREAMS_MAX];
	struct perf_event_mmap_page *control; /* NULL: see ring_buffer.h */
	const __u64 *head_now; /* the kernel has written up to here */
	__u64 *released;       /* and may overwrite what is before this */
	unsigned char *data;
	uint64_t size;	     /* bytes of data */
	uint64_t head;	     /* data_head at the last ring_refresh() */
	uint64_t tail;	     /* consumed up to here */
	uint64_t next_size;  /* bytes at the tail that are consumed next */
	unsigned char *copy; /* of a record that wraps around the ring's end */
	uint32_t stream;     /* of a BPF ring buffer, which has one */
};

/*
 * Open an event and map its ring, of `pages` pages. Returns 0, or a negative
 * errno of perf_event_open(2) or mmap(2); -ENOBUFS: the user may not lock so
 * much memory.
 */
int ring_open(struct ring *ring, enum perf_event_kind kind, int cpu,
	      unsigned int pages);

void ring_close(struct ring *ring);

/*
 * Let a stream other than 0 write to the ring, which has at least one already.
 * Returns 0 or a negative errno.
 */
int ring_add_stream(struct ring *ring, uint32_t stream);

/*
 * Close the stream's event. The ring stays mapped, also without stream 0, which
 * can't be added again.
 */
void ring_drop_stream(struct ring *ring, uint32_t stream);

/*
 * False if the ring's CPU has gone offline, even if it is back: the kernel
 * detaches the event from the CPU for good.
 */
bool ring_is_alive(const struct ring *ring);

/* Read data_head: which records the kernel has written so far. */
void ring_refresh(struct ring *ring);

/*
 * The oldest record that isn't consumed yet; false if there is none. It lies
 * in the ring itself, and is valid until ring_release(). Records of a stream
 * that was dropped are passed over.
 */
bool ring_peek(struct ring *ring, struct record *record);

/* Step over the record that ring_peek() or ring_next() returned. */
void ring_consume(struct ring *ring);

/* The oldest perf record of any type; NULL if there is none. */
const struct perf_event_header *ring_next(struct ring *ring);

/* Let the kernel overwrite what was consumed. */
void ring_release(struct ring *ring);

/* Is more than 1/`part` of the ring in use by now? */
bool ring_is_filled(const struct ring *ring, unsigned int part);

static inline bool ring_is_empty(const struct ring *ring)
{
	return ring->head == ring->tail;
}

static inline bool ring_is_half_full(const struct ring *ring)
{
	return ring->head - ring->tail > ring->size / 2;
}
