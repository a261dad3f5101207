/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream format: how the rows of a stream look, and the heading above them.
 */
#ifndef OPENSNOOP_STREAM_FORMAT_H
#define OPENSNOOP_STREAM_FORMAT_H

#include "event/record.h"
#include "rows/column.h"

struct reader;

enum row_kind {
	ROW_TABLE,
	ROW_JSON,
	ROW_CSV,
};

struct format_request {
	uint32_t kind; /* enum row_kind */
	bool color;
	int64_t wall_offset; /* ns: CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct layout layout;
	const struct column *columns; /* must live as long as the stream */
	uint32_t column_count;
};

/*
 * Set the format of the newest stream's rows, before anything is written.
 * Returns 0 or -ENOMEM.
 */
int reader_set_format(struct reader *reader,
		      const struct format_request *request);

/*
 * Write the heading of the newest stream. The heading of a stream other than
 * the first is written before its rows, each time that they follow rows of a
 * stream with another heading. In a recording, a heading is JSON that describes
 * the records. Returns 0 or a negative errno; -EIO: there is no room now.
 */
int reader_put_heading(struct reader *reader, const char *text);

/*
 * Write text that is neither a row nor a heading. Returns 0, or -EIO if there
 * is no room now.
 */
int reader_put_text(struct reader *reader, const char *text);

/* Write text, as reader_put_text() does; false if there is no room now. */
bool put_plain_text(struct reader *reader, const char *text);

/*
 * Write in the format of the record's stream from here on, after its heading.
 * False if there is no room for the heading.
 */
bool follow_stream(struct reader *reader, const struct record *record);

#endif
