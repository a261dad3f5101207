// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A number that lies at `offset` in the rings. */
static uint32_t *in_rings(const struct uring *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring->rings + offset);
}

/* `part` is one of the IORING_OFF_ offsets. */
static void *map_part(const struct uring *ring, size_t size, off_t part)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring->fd, part);
}

static size_t requests_size(const struct uring *ring)
{
	return ring->params.sq_entries * sizeof(*ring->requests);
}

int uring_open(struct uring *ring, unsigned int entries, unsigned int flags)
{
	size_t completions;

	*ring = (struct uring){.params = {.flags = flags}};
	ring->fd = (int)syscall(__NR_io_uring_setup, entries, &ring->params);
	if (ring->fd < 0)
		return -errno;
	completions = ring->params.cq_off.cqes +
		      ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->rings_size = ring->params.sq_off.array +
			   ring->params.sq_entries * sizeof(uint32_t);
	if (ring->rings_size < completions)
		ring->rings_size = completions;
	ring->rings = map_part(ring, ring->rings_size, IORING_OFF_SQ_RING);
	ring->requests = map_part(ring, requests_size(ring), IORING_OFF_SQES);
	if (ring->rings != MAP_FAILED && ring->requests != MAP_FAILED)
		return 0;
	uring_close(ring);
	return -ENOMEM;
}

void uring_close(struct uring *ring)
{
	if (ring->requests != MAP_FAILED)
		munmap(ring->requests, requests_size(ring));
	if (ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->rings_size);
	close(ring->fd);
}

/* Puts the numbers of the first `count` requests into the ring. */
static void put_numbers(const struct uring *ring, uint32_t count)
{
	uint32_t *tail = in_rings(ring, ring->params.sq_off.tail);
	uint32_t *mask = in_rings(ring, ring->params.sq_off.ring_mask);
	uint32_t *numbers = in_rings(ring, ring->params.sq_off.array);

	for (uint32_t i = 0; i < count; i++)
		numbers[(*tail + i) & *mask] = i;
	__atomic_store_n(tail, *tail + count, __ATOMIC_RELEASE);
}

int uring_submit(const struct uring *ring, unsigned int count,
		 unsigned int results)
{
	put_numbers(ring, count);
	while (syscall(__NR_io_uring_enter, ring->fd, count, results,
		       IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP, NULL,
		       0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

bool uring_take(const struct uring *ring, struct io_uring_cqe *result)
{
	uint32_t *head = in_rings(ring, ring->params.cq_off.head);
	uint32_t *tail = in_rings(ring, ring->params.cq_off.tail);
	uint32_t *mask = in_rings(ring, ring->params.cq_off.ring_mask);
	const struct io_uring_cqe *results =
		(void *)(ring->rings + ring->params.cq_off.cqes);

	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		return false;
	memcpy(result, &results[*head & *mask], sizeof(*result));
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

int uring_result(const struct uring *ring)
{
	struct io_uring_cqe result;

	return uring_take(ring, &result) ? result.res : -EAGAIN;
}
