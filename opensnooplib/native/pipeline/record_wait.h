/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for records in the perf rings.
 */
#ifndef OPENSNOOP_RECORD_WAIT_H
#define OPENSNOOP_RECORD_WAIT_H

struct reader;

/*
 * Wait until a ring reaches its watermark, a signal comes, or `timeout_ms` has
 * passed; not longer than records are held back, if some are.
 */
void wait_for_records(struct reader *reader, int timeout_ms);

#endif
