/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay: a reader whose input is a recording.
 */
#ifndef OPENSNOOP_REPLAY_H
#define OPENSNOOP_REPLAY_H

#include <stdint.h>

struct reader;

/*
 * Read a recording from `fd`, which stays the caller's. Returns 0 or -ENOMEM,
 * and then *reader is NULL.
 */
int reader_open_recording(struct reader **reader, int fd);

/*
 * Read the recording's header, waiting at most `timeout_ms`. Returns an enum
 * recording_kind of recording_input.h, or a negative errno.
 */
int reader_read_header(struct reader *reader, int timeout_ms);

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

/*
 * From here on, pass over records of fewer bytes than this, and those that are
 * too short for their path: no program can have sent them.
 */
void reader_set_record_least(struct reader *reader, uint32_t bytes);

/* How many records were passed over as impossible. */
uint64_t reader_impossible(const struct reader *reader);

/* How many bytes of the recording are consumed. */
uint64_t reader_input_offset(const struct reader *reader);

#endif
