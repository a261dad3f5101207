/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF ring buffer: a map into which programs of all CPUs write records, read
 * as a ring of one stream. See Documentation/bpf/ringbuf.rst of the kernel.
 *
 * The map's memory is two pages, with the positions of the reader and of the
 * writers, then the data. After these the kernel maps them once more, so that
 * no record wraps. Unlike a perf ring, it has no events, and the kernel reports
 * no loss: only the program whose record finds no room learns of it.
 */
#pragma once

#include "perf/perf_ring.h"

/*
 * Map a ring buffer of `size` bytes, whose records belong to this stream; the
 * map's descriptor stays the caller's. Returns 0 or a negative errno.
 */
int ring_buffer_open(struct ring *ring, int map_fd, uint64_t size,
		     uint32_t stream);

/* Nothing happens if it isn't open. */
void ring_buffer_close(struct ring *ring);

/*
 * As ring_peek(). A record that a program has reserved, and is still writing,
 * keeps back those behind it.
 */
bool ring_buffer_peek(struct ring *ring, struct record *record);
