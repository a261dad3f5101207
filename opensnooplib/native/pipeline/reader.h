/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader: perf rings or a recording in; rows, a recording or counts out. This
 * header, with selection.h, is all that Python calls of pipeline/.
 *
 * Functions that return int return 0 or more on success, and a negative errno
 * on failure. A reader belongs to one thread.
 */
#pragma once

#include "pipeline/reader_data.h"
#include "pipeline/selection.h"

/* Rings: a perf ring for each CPU, also for those that come online later. */

/*
 * Open and map a ring of `pages` pages (a power of two) for each CPU. They have
 * one stream, of this kind: see perf_ring.h. Returns 0 or a negative errno, and
 * then *reader is NULL.
 */
int reader_open(struct reader **reader, const int *cpus, unsigned int cpu_count,
		unsigned int pages, enum perf_event_kind kind);

/* Close a reader of rings or of a recording. */
void reader_close(struct reader *reader);

/*
 * A CPU came online: open a ring for it. A CPU that was online before needs a
 * new ring, since the kernel detaches events for good from a CPU that goes
 * offline. Returns 0 or a negative errno; -EAGAIN while the CPU's old ring has
 * records: after the next reader_poll() it will have fewer.
 */
int reader_follow_cpu(struct reader *reader, int cpu);

/*
 * The event through which the stream's programs write to the CPU's ring: what
 * their perf event array must have at the index of the CPU. -1: there is no
 * such ring.
 */
int reader_event(struct reader *reader, int cpu, uint32_t stream);

/*
 * Has the CPU a ring, and one that lives? It is dead once the CPU went offline,
 * also when that is back. This interrupts the CPU.
 */
int reader_hears(struct reader *reader, int cpu);

/*
 * Show callers by name from here on; without this they are addresses. It may be
 * called again. Returns 0 or a negative errno.
 */
int reader_name_callers(struct reader *reader);

/*
 * After that: the function and the file at an address in a process, as it is
 * now; see caller_text(). The text is untrusted, and valid until the next call.
 */
const char *reader_caller_text(struct reader *reader, uint32_t pid,
			       uint64_t address, bool returns);

/* Streams: one for each output of each program set; see perf_ring.h. */

/*
 * Add a stream. Returns its number or a negative errno; -EBUSY: there are too
 * many streams.
 */
int reader_add_stream(struct reader *reader);

/*
 * Read the stream's records from a BPF ring buffer of `size` bytes as well: see
 * ring_buffer.h. One that it had before is read no more. Returns 0 or a
 * negative errno.
 */
int reader_map_buffer(struct reader *reader, uint32_t stream, int map_fd,
		      uint64_t size);

/*
 * How many of the stream's records found no room, as far as the kernel has
 * reported them: it does so only when a later record finds room. bpf_src counts
 * all of them.
 */
uint64_t reader_stream_lost(const struct reader *reader, uint32_t stream);

/* Drop the stream, and the records of it that are not consumed. */
void reader_drop_stream(struct reader *reader, uint32_t stream);

/*
 * Drop the newest stream's records up to that of an open which the tool makes
 * itself, to prove that the programs work: the trace begins after it. `path` is
 * NULL for a path that can't be read. Records of older streams are shown.
 * Returns 1 if the record was there, 0 if it wasn't within `timeout_ms`, and
 * -EAGAIN if that is unknown, since there is no room for an older stream's
 * rows.
 */
int reader_await_open(struct reader *reader, const char *path, uint32_t pid,
		      int32_t ret, int timeout_ms);

/* Recordings, in place of rings. */

/*
 * Read a recording from `fd`, which stays the caller's, and whose header was
 * read already. Returns 0 or -ENOMEM, and then *reader is NULL.
 */
int reader_open_recording(struct reader **reader, int fd);

/*
 * Read records, waiting at most `timeout_ms`, and consume them. Returns an enum
 * reader_state, or a negative errno.
 */
int reader_poll_recording(struct reader *reader, int timeout_ms);

/*
 * Consume the block at which reader_poll_recording() stopped. Returns its type;
 * the body is valid until the next poll.
 */
int reader_take_block(struct reader *reader, const void **body, uint32_t *size);

/* Cgroups have no names from here on: the records are of another boot. */
void reader_forget_cgroups(struct reader *reader);

/* What is written. */

/*
 * Set the format of the stream's records, before any is written. Unless these
 * are lines, it is the newest stream from then on, and rows are of its kind.
 * Returns 0 or -ENOMEM.
 */
int reader_set_format(struct reader *reader, uint32_t stream,
		      const struct format_request *request);

/* Write to `fd`. The descriptor is also opened again, not to wait for it. */
void reader_set_output(struct reader *reader, int fd);

/*
 * Go on with the recording in another file, which begins as every recording
 * does: reader_put_heading() is to follow. All must be written to the file
 * before, as it is after reader_put_text() unless there was an error. Returns
 * whether that file has lost it, see output_is_lost().
 */
bool reader_turn_output(struct reader *reader, int fd);

/*
 * Write each record that is selected, at most `count` of them (0: no limit), or
 * count them; with `by_line`, each row by itself, as soon as it is complete. Of
 * rows with the same group, if the format has one, only the first is written,
 * and all are counted. Returns 0 or -ENOMEM.
 */
int reader_start(struct reader *reader, uint64_t count, bool by_line);

/* With ROW_COUNTED or a group: the counts, which the caller may clear. */
struct tally *reader_tally(struct reader *reader);

/*
 * Write the heading of a stream, if it is the first of the output, or the last
 * row was of this stream. Each heading is written before rows of its stream
 * that follow those of a stream with another heading. In a recording, a heading
 * is JSON that describes the records. Returns 0 or a negative errno; -EIO:
 * there is no room now.
 */
int reader_put_heading(struct reader *reader, uint32_t stream,
		       const char *text);

/*
 * Write text that is neither a row nor a heading. In a recording, it is JSON
 * that says what is missing so far. Returns 0, or -EIO if there is no room now.
 */
int reader_put_text(struct reader *reader, const char *text);

/*
 * Write the row of a record of this stream that comes from no ring, if it is
 * selected; it is never the last one. Returns 0 if there is no room now.
 */
int reader_put_record(struct reader *reader, uint32_t stream, const void *data,
		      uint32_t size);

/*
 * Wait for records, until a signal or at most `timeout_ms`, and consume those
 * that are in order. Returns an enum reader_state.
 */
int reader_poll(struct reader *reader, int timeout_ms);

/*
 * The time (ns, CLOCK_MONOTONIC) before which all records are consumed. It
 * stays while there is no room for a row.
 */
uint64_t reader_read_until(const struct reader *reader);

/*
 * Consume all records that are older than `until` (ns, CLOCK_MONOTONIC), the
 * end of the trace; none if it is 0. Write what waits to be written, but give
 * up on a pipe that nobody reads. Returns an enum reader_state.
 */
int reader_finish(struct reader *reader, uint64_t until);

void reader_get_counts(const struct reader *reader,
		       struct reader_counts *counts);
