/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table rows: one line for each record, and a line for each of its callers.
 */
#ifndef OPENSNOOP_TABLE_ROW_H
#define OPENSNOOP_TABLE_ROW_H

#include "rows/cell.h"

/*
 * Write the record's row, newline included, and return its end. The last column
 * is not padded, and columns are at least one space apart. A value for which
 * the record is too short is "?". Callers follow, each in a line that begins
 * with a tab. `out` has room for table_row_bound() bytes.
 */
char *put_table_row(char *out, struct row_format *format,
		    const struct record *record);

/* The most bytes that one row can take. */
size_t table_row_bound(const struct row_format *format);

/* Write one cell as a table shows it, without padding, and return its end. */
char *put_table_cell(char *out, const struct cell *cell);

#endif
