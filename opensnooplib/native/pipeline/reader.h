/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader: perf rings or a recording in; rows, a recording or counts out. This
 * header and those below are all that Python calls of pipeline/.
 *
 * Functions that return int return 0 or more on success, and a negative errno
 * on failure. A reader belongs to one thread.
 */
#ifndef OPENSNOOP_READER_H
#define OPENSNOOP_READER_H

/* Input */
#include "pipeline/reader_rings.h"
#include "pipeline/reader_streams.h"
#include "pipeline/replay.h"

/* What is made of records */
#include "pipeline/awaited_open.h"
#include "pipeline/reader_callers.h"
#include "pipeline/selection.h"
#include "pipeline/stream_format.h"

/* Output */
#include "pipeline/progress.h"
#include "pipeline/recorder.h"
#include "pipeline/row_writer.h"
#include "pipeline/summary_counter.h"

/*
 * Wait for records, until a signal or at most `timeout_ms`, and consume those
 * that are in order. Returns an enum reader_state.
 */
int reader_poll(struct reader *reader, int timeout_ms);

/*
 * Consume all records that are older than `until` (ns, CLOCK_MONOTONIC), the
 * end of the trace. Gives up on a pipe that nobody reads. Returns an enum
 * reader_state.
 */
int reader_finish(struct reader *reader, uint64_t until);

#endif
