/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF ring buffer: a map into which programs of all CPUs write records, read
 * as a ring of one stream. See Documentation/bpf/ringbuf.rst of the kernel.
 *
 * The map's memory is two pages, with the positions of the reader and of the
 * writers, then the data. Behind these the kernel maps them once more, so that
 * no record wraps. What isn't a perf ring has no events and no loss that the
 * kernel would report: a program whose record finds no room is told so.
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
