// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
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

int uring_open(struct uring *ring, unsigned int flags)
{
	size_t completions;

	*ring = (struct uring){.params = {.flags = flags}};
	ring->fd = (int)syscall(__NR_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0)
		return -errno;
	completions = ring->params.cq_off.cqes +
		      ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->rings_size = ring->params.sq_off.array +
			   ring->params.sq_entries * sizeof(uint32_t);
	if (ring->rings_size < completions)
		ring->rings_size = completions;
	ring->rings = map_part(ring, ring->rings_size, IORING_OFF_SQ_RING);
	ring->request = map_part(ring, sizeof(*ring->request), IORING_OFF_SQES);
	if (ring->rings != MAP_FAILED && ring->request != MAP_FAILED)
		return 0;
	uring_close(ring);
	return -ENOMEM;
}

void uring_close(struct uring *ring)
{
	if (ring->request != MAP_FAILED)
		munmap(ring->request, sizeof(*ring->request));
	if (ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->rings_size);
	close(ring->fd);
}

int uring_submit(const struct uring *ring, unsigned int results)
{
	uint32_t *tail = in_rings(ring, ring->params.sq_off.tail);

	*in_rings(ring, ring->params.sq_off.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	while (syscall(__NR_io_uring_enter, ring->fd, 1, results,
		       IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP, NULL,
		       0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int uring_result(const struct uring *ring)
{
	uint32_t *head = in_rings(ring, ring->params.cq_off.head);
	uint32_t *tail = in_rings(ring, ring->params.cq_off.tail);
	uint32_t *mask = in_rings(ring, ring->params.cq_off.ring_mask);
	const struct io_uring_cqe *results =
		(void *)(ring->rings + ring->params.cq_off.cqes);
	int ret;

	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		return -EAGAIN;
	ret = results[*head & *mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return ret;
}
