// SPDX-License-Identifier: Apache-2.0
/*
 * A reader's rings, one for each CPU, and the streams that they carry.
 */
#include "pipeline/reader_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bpf/bpf_object.h"

/* The ring is closed where this fails. */
static int open_ring(struct reader *reader, struct ring *ring, int cpu,
		     unsigned int pages)
{
	struct epoll_event event = {.events = EPOLLIN};
	int error = ring_open(ring, cpu, pages);

	if (error)
		return error;
	/* Its mapping keeps that event: it tells of all streams to the end. */
	if (epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, ring_event(ring, 0),
		      &event) < 0) {
		error = -errno;
		ring_close(ring);
	}
	return error;
}

static int open_rings(struct reader *reader, const int *cpus,
		      unsigned int cpu_count)
{
	reader->rings = calloc(cpu_count, sizeof(*reader->rings));
	if (!reader->rings)
		return -ENOMEM;

	for (unsigned int i = 0; i < cpu_count; i++) {
		int error = open_ring(reader, &reader->rings[i], cpus[i],
				      reader->pages);

		if (error)
			return error;
		reader->ring_count++;
	}
	return merge_init(&reader->merge, reader->rings, reader->ring_count);
}

static int add_to_rings(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++) {
		int error = ring_add_stream(&reader->rings[i], stream);

		if (error)
			return error;
	}
	return 0;
}

int reader_open(struct reader **reader, const int *cpus, unsigned int cpu_count,
		unsigned int pages)
{
	int error;

	*reader = calloc(1, sizeof(**reader));
	if (!*reader)
		return -ENOMEM;
	(*reader)->pages = pages;
	(*reader)->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	error = (*reader)->epoll_fd < 0 ? -errno
					: open_rings(*reader, cpus, cpu_count);
	(*reader)->format.host_mounts = host_mounts_new("/proc/self/mountinfo");
	if (!error && !(*reader)->format.host_mounts)
		error = -ENOMEM;
	if (error) {
		reader_close(*reader);
		*reader = NULL;
	}
	return error;
}

static void free_stream(struct stream *stream)
{
	free(stream->heading);
	*stream = (struct stream){0};
}

void reader_close(struct reader *reader)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		ring_close(&reader->rings[i]);
	free(reader->rings);
	merge_free(&reader->merge);
	output_free(&reader->output);
	for (uint32_t stream = 0; stream < STREAMS_MAX; stream++)
		free_stream(&reader->streams[stream]);
	free(reader->heading);
	recording_free(&reader->recording);
	conditions_free(&reader->conditions);
	tally_clear(&reader->tally);
	names_free(&reader->format.names);
	callers_close(reader->format.callers);
	host_mounts_free(reader->format.host_mounts);
	if (reader->epoll_fd >= 0)
		close(reader->epoll_fd);
	free(reader);
}

int reader_add_stream(struct reader *reader)
{
	uint32_t stream = 1; /* 0 is the first, and none is after it */
	int error;

	while (ring_event(&reader->rings[0], stream) > 0)
		if (++stream == STREAMS_MAX)
			return -EBUSY;
	error = add_to_rings(reader, stream);
	if (error) {
		reader_drop_stream(reader, stream);
		return error;
	}
	reader->newest = stream;
	return (int)stream;
}

void reader_end_stream(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		ring_end_stream(&reader->rings[i], stream);
}

bool reader_stream_is_read(const struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		if (!ring_stream_is_read(&reader->rings[i], stream))
			return false;
	return true;
}

uint64_t reader_stream_lost(const struct reader *reader, uint32_t stream)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < reader->ring_count; i++)
		lost += reader->rings[i].streams[stream].lost;
	return lost;
}

void reader_drop_stream(struct reader *reader, uint32_t stream)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		ring_drop_stream(&reader->rings[i], stream);
	free_stream(&reader->streams[stream]);
	if (reader->current == stream)
		reader->current = STREAMS_MAX; /* none */
}

int reader_install(struct reader *reader, int map_fd)
{
	for (unsigned int i = 0; i < reader->ring_count; i++) {
		struct ring *ring = &reader->rings[i];
		int error = array_set_fd(map_fd, (uint32_t)ring->cpu,
					 ring_event(ring, reader->newest));

		if (error)
			return error;
	}
	return 0;
}

static struct ring *ring_of(struct reader *reader, int cpu)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		if (reader->rings[i].cpu == cpu)
			return &reader->rings[i];
	return NULL;
}

/* One ring more, at the end. */
static int add_ring(struct reader *reader, const struct ring *ring)
{
	unsigned int count = reader->ring_count + 1;
	struct ring *rings = realloc(reader->rings, count * sizeof(*rings));

	if (!rings)
		return -ENOMEM;
	rings[reader->ring_count] = *ring;
	reader->rings = rings;
	reader->merge.rings = rings;
	if (merge_set_rings(&reader->merge, rings, count) < 0)
		return -ENOMEM;
	reader->ring_count = count;
	return 0;
}

static int put_into_maps(struct reader *reader, struct ring *ring)
{
	for (uint32_t i = 0; i < STREAMS_MAX; i++) {
		int map_fd = reader->streams[i].map_fd;
		int error;

		if (!map_fd)
			continue;
		error = i ? ring_add_stream(ring, i) : 0;
		if (!error)
			error = array_set_fd(map_fd, (uint32_t)ring->cpu,
					     ring_event(ring, i));
		if (error)
			return error;
	}
	if (!reader->streams[0].map_fd)
		ring_drop_stream(ring, 0);
	return 0;
}

/* Also of those that are offline by now. NULL without memory. */
static int *cpus_of(const struct reader *reader)
{
	int *cpus = calloc(reader->ring_count, sizeof(*cpus));

	for (unsigned int i = 0; cpus && i < reader->ring_count; i++)
		cpus[i] = reader->rings[i].cpu;
	return cpus;
}

int reader_name_callers(struct reader *reader)
{
	int *cpus;
	int error;

	if (reader->format.callers)
		return 0;
	cpus = cpus_of(reader);
	if (!cpus)
		return -ENOMEM;
	reader->format.callers =
		callers_open(cpus, reader->ring_count, &reader->own, &error);
	free(cpus);
	return error;
}

/* What was mapped on a CPU while it was not followed isn't known. */
static int name_callers_anew(struct reader *reader)
{
	int *cpus;
	int error;

	if (!reader->format.callers)
		return 0;
	cpus = cpus_of(reader);
	if (!cpus)
		return -ENOMEM;
	error = mappings_follow_cpus(&reader->format.callers->mappings, cpus,
				     reader->ring_count);
	free(cpus);
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
	error = open_ring(reader, &ring, cpu, pages);
	while (error == -ENOBUFS && pages > 1) {
		pages /= 2;
		error = open_ring(reader, &ring, cpu, pages);
	}
	if (error)
		return error;
	error = put_into_maps(reader, &ring);
	if (!error && !old)
		error = add_ring(reader, &ring);
	if (error) {
		ring_close(&ring);
		return error;
	}
	if (old) {
		ring_close(old);
		*old = ring;
	}
	return name_callers_anew(reader);
}

int reader_deaf_cpu(const struct reader *reader)
{
	for (unsigned int i = 0; i < reader->ring_count; i++)
		if (!ring_is_alive(&reader->rings[i]))
			return reader->rings[i].cpu;
	return -1;
}

void reader_set_map(struct reader *reader, int map_fd)
{
	reader->streams[reader->newest].map_fd = map_fd;
}
