// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memmem */

#include "base/put_string.h"
#include "rows/column_cells.h"
#include "rows/quoting.h"
#include "rows/row.h"

/*
 * One frame. A name can hold what separates them, which is then escaped. Of a
 * caller, the function alone: calls from two lines of it are one frame.
 */
static char *put_frame(char *out, const struct column *column,
		       const struct cell *cell)
{
	struct text text = cell->text;
	const char *offset;

	if (cell->kind != CELL_TEXT)
		return put_table_cell(out, column, cell);
	offset = memmem(text.bytes, text.size, "+0x", 3);
	if (offset && column->kind == COLUMN_CALLERS)
		text.size = (size_t)(offset - (const char *)text.bytes);
	if (memchr(text.bytes, ';', text.size))
		return put_shell_quoted(out, text.bytes, text.size, false, ';');
	return put_shell_text(out, text.bytes, text.size,
			      cell->state == PATH_CUT, false);
}

/* Turn "/etc/passwd" into "/;etc;passwd", and return its end. */
static char *split_path(char *start, char *end)
{
	char *rest = start;

	if (start < end && *start == '/') {
		memmove(start + 1, start, (size_t)(end++ - start));
		rest = start + 1;
	}
	for (; rest < end; rest++)
		if (*rest == '/')
			*rest = ';';
	return end;
}

char *put_folded_row(char *out, const struct row *row)
{
	const struct columns *columns = row->columns;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		const bool are_callers = column->kind == COLUMN_CALLERS;
		char *start = out;

		out = put_cells(out, row, column, ";", are_callers, put_frame);
		if (column->kind == COLUMN_PATH)
			out = split_path(start, out);
		if (i + 1 < columns->count)
			*out++ = ';';
	}
	return put_string(out, " 1\n");
}
