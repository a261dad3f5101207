/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader streams: the streams that a reader's perf rings carry, one for each
 * generation of programs; see perf_ring.h.
 */
#ifndef OPENSNOOP_READER_STREAMS_H
#define OPENSNOOP_READER_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

struct reader;

/*
 * Add a stream, which is the newest from then on: formats, headings and awaited
 * opens belong to the newest stream. Returns its number or a negative errno;
 * -EBUSY: there are too many streams.
 */
int reader_add_stream(struct reader *reader);

/* No more records of the stream will come. */
void reader_end_stream(struct reader *reader, uint32_t stream);

/* Are all records of a stream that has ended consumed, so it can be dropped? */
bool reader_stream_is_read(const struct reader *reader, uint32_t stream);

/*
 * How many of the stream's records found no room, as far as the kernel has
 * reported them: it does so only when a later record finds room. bpf_src counts
 * all of them.
 */
uint64_t reader_stream_lost(const struct reader *reader, uint32_t stream);

/* Drop the stream, and the records of it that are not consumed. */
void reader_drop_stream(struct reader *reader, uint32_t stream);

/*
 * Put the rings into the perf event array that the newest stream's programs
 * write to. Returns 0 or a negative errno.
 */
int reader_install(struct reader *reader, int map_fd);

/* Set the newest stream's perf event array, for CPUs that come online. */
void reader_set_map(struct reader *reader, int map_fd);

/* Free the memory of all streams. */
void free_streams(struct reader *reader);

#endif
