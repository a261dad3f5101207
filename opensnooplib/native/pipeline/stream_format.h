/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream format: how the rows of a stream look, and the heading above them.
 */
#ifndef OPENSNOOP_STREAM_FORMAT_H
#define OPENSNOOP_STREAM_FORMAT_H

#include "pipeline/reader_data.h"

/*
 * Write in the format of the record's stream from here on, after its heading.
 * False if there is no room for the heading.
 */
bool follow_stream(struct reader *reader, const struct record *record);

#endif
