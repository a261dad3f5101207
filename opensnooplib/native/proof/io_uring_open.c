// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "proof/io_uring_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t *in_rings(const struct ring_of_one *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring->rings + offset);
}

static void *map_part(const struct ring_of_one *ring, size_t size, off_t part)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring->fd, part);
}

int ring_of_one_open(struct ring_of_one *ring, unsigned int flags)
{
	size_t completions;

	*ring = (struct ring_of_one){.params = {.flags = flags}};
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
	ring_of_one_close(ring);
	return -ENOMEM;
}

void ring_of_one_close(struct ring_of_one *ring)
{
	if (ring->request != MAP_FAILED)
		munmap(ring->request, sizeof(*ring->request));
	if (ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->rings_size);
	close(ring->fd);
}

int ring_of_one_submit(const struct ring_of_one *ring, unsigned int results)
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

int ring_of_one_result(const struct ring_of_one *ring)
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

int open_through_ring(const char *path)
{
	struct ring_of_one ring;
	int ret = ring_of_one_open(&ring, 0);

	if (ret < 0)
		return ret;
	*ring.request = (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.open_flags = O_RDONLY,
	};
	ret = ring_of_one_submit(&ring, 1);
	if (ret == 0)
		ret = ring_of_one_result(&ring);
	ring_of_one_close(&ring);
	return ret;
}
