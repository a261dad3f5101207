// SPDX-License-Identifier: Apache-2.0
/*
 * Reader rings: a reader has a perf ring for each CPU, also for CPUs that come
 * online later.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "pipeline/reader.h"

/* Where this fails, the ring is closed. */
static int open_ring(struct reader *reader, struct ring *ring, int cpu,
		     unsigned int pages)
{
	struct epoll_event event = {.events = EPOLLIN};
	int error = ring_open(ring, reader->first_kind, cpu, pages);

	if (error)
		return error;
	/* The mapping keeps stream 0's event, which wakes for all streams. */
	if (epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, ring->streams[0].fd,
		      &event) < 0) {
		error = -errno;
		ring_close(ring);
	}
	return error;
}

static int open_rings(struct reader *reader, const int *cpus,
		      unsigned int cpu_count)
{
	int error = 0;

	for (unsigned int i = 0; i < cpu_count && !error; i++) {
		error = open_ring(reader, &reader->merge.rings[i], cpus[i],
				  reader->pages);
		reader->merge.ring_count += !error;
	}
	return error;
}

/*
 * Helpers may be waited for while all rings are less than a quarter full: when
 * a ring is half full, order is given up. Rings of mmap events are emptied only
 * then, and half of one is room enough.
 */
static bool rings_have_room(const void *context)
{
	const struct reader *reader = context;
	const struct callers *callers = reader->format.callers;
	const struct mmap_events *events;

	for (unsigned int i = 0; i < reader->merge.ring_count; i++)
		if (ring_is_filled(&reader->merge.rings[i], 4))
			return false;
	for (unsigned int i = 0; i < reader->merge.buffers_end; i++)
		if (reader->merge.buffers[i].size &&
		    ring_is_filled(&reader->merge.buffers[i], 4))
			return false;
	if (!callers)
		return true;
	events = &callers->mappings.events;
	for (unsigned int i = 0; i < events->ring_count; i++)
		if (ring_is_filled(&events->rings[i].ring, 2))
			return false;
	return true;
}

int reader_open(struct reader **reader, const int *cpus, unsigned int cpu_count,
		unsigned int pages, enum perf_event_kind kind)
{
	int error;

	struct reader *new = reader_new();

	*reader = new;
	if (!new)
		return -ENOMEM;
	new->pages = pages;
	new->first_kind = kind;
	new->helpers.may_wait = rings_have_room;
	new->helpers.context = new;
	new->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	error = new->epoll_fd < 0 ? -errno : open_rings(new, cpus, cpu_count);
	new->format.host_mounts = host_mounts_new("/proc/self/mountinfo");
	if (!error && !new->format.host_mounts)
		error = -ENOMEM;
	if (error) {
		reader_close(new);
		*reader = NULL;
	}
	return error;
}

void reader_close(struct reader *reader)
{
	for (uint32_t stream = 0; stream < STREAMS_MAX; stream++)
		reader_drop_stream(reader, stream);
	for (unsigned int i = 0; i < reader->merge.ring_count; i++)
		ring_close(&reader->merge.rings[i]);
	output_free(&reader->output);
	free(reader->heading);
	free(reader->group_room);
	recording_free(&reader->recording);
	tally_clear(&reader->tally, 0);
	names_close(&reader->format.names);
	callers_close(reader->format.callers);
	host_mounts_free(reader->format.host_mounts);
	if (reader->epoll_fd >= 0)
		close(reader->epoll_fd);
	free(reader);
}

int reader_name_callers(struct reader *reader)
{
	if (reader->format.callers)
		return 0;
	return callers_open(&reader->format.callers, reader->merge.rings,
			    reader->merge.ring_count, &reader->helpers);
}

const char *reader_caller_text(struct reader *reader, uint32_t pid,
			       uint64_t address, bool returns)
{
	struct callers *callers = reader->format.callers;
	struct text text;

	caller_text(callers, pid, reader->read_until, address, returns, &text);
	callers->text[text.size] = '\0';
	return callers->text;
}

static struct ring *ring_of(struct reader *reader, int cpu)
{
	for (unsigned int i = 0; i < reader->merge.ring_count; i++)
		if (reader->merge.rings[i].cpu == cpu)
			return &reader->merge.rings[i];
	return NULL;
}

int reader_event(struct reader *reader, int cpu, uint32_t stream)
{
	const struct ring *ring = ring_of(reader, cpu);

	return ring ? ring->streams[stream].fd : -1;
}

/* Let the ring have the streams that another one has. */
static int add_streams(struct ring *ring, const struct ring *other)
{
	int error = 0;

	for (uint32_t i = 1; i < STREAMS_MAX && !error; i++)
		if (other->streams[i].fd)
			error = ring_add_stream(ring, i);
	if (!other->streams[0].fd)
		ring_drop_stream(ring, 0);
	return error;
}

int reader_follow_cpu(struct reader *reader, int cpu)
{
	struct ring *old = ring_of(reader, cpu);
	unsigned int pages = reader->pages;
	struct ring ring;
	int error;

	if (old) {
		ring_refresh(old);
		if (!ring_is_empty(old))
			return -EAGAIN;
	}
	do {
		error = open_ring(reader, &ring, cpu, pages);
		pages /= 2;
	} while (error == -ENOBUFS && pages > 0);
	if (error)
		return error;
	error = add_streams(&ring, &reader->merge.rings[0]);
	if (error) {
		ring_close(&ring);
		return error;
	}
	if (old) {
		for (uint32_t i = 0; i < STREAMS_MAX; i++)
			ring.streams[i].lost = old->streams[i].lost;
		ring_close(old);
	} else {
		old = &reader->merge.rings[reader->merge.ring_count++];
	}
	*old = ring;
	if (!reader->format.callers)
		return 0;
	/* What was mapped on this CPU until now is unknown: begin anew. */
	callers_close(reader->format.callers);
	reader->format.callers = NULL;
	return reader_name_callers(reader);
}

int reader_hears(struct reader *reader, int cpu)
{
	const struct ring *ring = ring_of(reader, cpu);

	return ring && ring_is_alive(ring);
}
