/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorder: keeps each record that is selected, in a recording.
 */
#ifndef OPENSNOOP_RECORDER_H
#define OPENSNOOP_RECORDER_H

#include <stdint.h>

struct reader;

/*
 * Write a recording to `fd`, of at most `count` records (0: no limit). Returns
 * 0 or -ENOMEM.
 */
int reader_start_recording(struct reader *reader, int fd, uint64_t count);

/*
 * Write JSON that says what is missing in the recording so far. Returns 0, or
 * -EIO if there is no room now.
 */
int reader_put_counts(struct reader *reader, const char *json);

#endif
