/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON rows: one object in one line for each record.
 */
#ifndef OPENSNOOP_JSON_ROW_H
#define OPENSNOOP_JSON_ROW_H

#include "rows/row_format.h"

/*
 * Write the record's row, newline included, and return its end. A value for
 * which the record is too short is null. `out` has room for json_row_bound()
 * bytes.
 */
char *put_json_row(char *out, struct row_format *format,
		   const struct record *record);

/* The most bytes that one row can take. */
size_t json_row_bound(const struct row_format *format);

#endif
