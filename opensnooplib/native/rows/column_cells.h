/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column cells: what a column shows of one record, which is one cell, or of an
 * array several.
 */
#pragma once

#include "rows/cell.h"

/*
 * Write them by `put_cell`, `between` between any two, and return their end.
 * `backwards`: of an array, the last element first.
 */
char *put_cells(char *out, const struct row *row, const struct column *column,
		const char *between, bool backwards, cell_writer *put_cell);
