// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* getpagesize */
#include "perf/ring_buffer.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

int ring_buffer_open(struct ring *ring, int map_fd, uint64_t size,
		     uint32_t stream)
{
	const size_t page = (size_t)getpagesize();
	unsigned char *rest = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED,
				   map_fd, (off_t)page);
	int error;

	*ring = (struct ring){
		.head_now = (const void *)rest,
		.released = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
				 map_fd, 0),
		.data = rest + page,
		.size = size,
		.stream = stream,
	};
	if (rest != MAP_FAILED && ring->released != MAP_FAILED) {
		ring->tail = *ring->released;
		return 0;
	}
	error = -errno;
	ring_buffer_close(ring);
	return error;
}

void ring_buffer_close(struct ring *ring)
{
	const size_t page = (size_t)getpagesize();

	if (ring->size) {
		munmap((void *)ring->head_now, page + 2 * ring->size);
		munmap(ring->released, page);
	}
	*ring = (struct ring){0};
}

bool ring_buffer_peek(struct ring *ring, struct record *record)
{
	for (; ring->tail < ring->head; ring->tail += ring->next_size) {
		const uint32_t *data =
			(void *)(ring->data + (ring->tail & (ring->size - 1)));
		uint32_t header = __atomic_load_n(data, __ATOMIC_ACQUIRE);
		uint64_t size = header & ~BPF_RINGBUF_DISCARD_BIT;

		if (header & BPF_RINGBUF_BUSY_BIT)
			return false;
		/* The header's 8 bytes and the record, in words of 8 bytes. */
		ring->next_size = (BPF_RINGBUF_HDR_SZ + size + 7) / 8 * 8;
		if (header & BPF_RINGBUF_DISCARD_BIT)
			continue;
		/* No record of a perf ring is larger: the rest isn't read. */
		*record = (struct record){
			.data = (const void *)(data + 2),
			.size = size < UINT16_MAX ? (uint32_t)size : UINT16_MAX,
			.stream = ring->stream,
			.is_exact = true,
		};
		return true;
	}
	return false;
}
