/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV rows: one line for each record, as RFC 4180 has it.
 */
#ifndef OPENSNOOP_CSV_ROW_H
#define OPENSNOOP_CSV_ROW_H

#include "rows/row_format.h"

/*
 * Write the record's row, line end included, and return its end. Text is quoted
 * as in a table; a cell without a value is empty, and so is one for which the
 * record is too short. `out` has room for csv_row_bound() bytes.
 */
char *put_csv_row(char *out, struct row_format *format,
		  const struct record *record);

/* The most bytes that one row can take. */
size_t csv_row_bound(const struct row_format *format);

#endif
