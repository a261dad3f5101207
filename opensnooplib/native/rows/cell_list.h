/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cell list: all cells of a column in one record, which are several for an
 * array; and how long they can be.
 */
#ifndef OPENSNOOP_CELL_LIST_H
#define OPENSNOOP_CELL_LIST_H

#include "rows/cell.h"

/*
 * Write the column's cells with `put_cell`, and return their end. Elements of
 * an array are separated by commas; callers, whose names have commas, by
 * semicolons.
 */
char *put_cells(char *out, struct row_format *format,
		const struct column *column, const struct record *record,
		char *(*put_cell)(char *out, const struct cell *cell));

/* The most bytes of text that one cell of the column can hold. */
size_t cell_text_bound(const struct row_format *format,
		       const struct column *column);

#endif
