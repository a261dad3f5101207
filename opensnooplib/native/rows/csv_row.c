// SPDX-License-Identifier: Apache-2.0

#include "base/put_string.h"
#include "rows/column_cells.h"
#include "rows/quoting.h"
#include "rows/row.h"

/*
 * A spreadsheet takes a cell that begins so for a formula, and would run what
 * somebody wrote into a file's name.
 */
#define FORMULA_BEGINS "=+-@"

/*
 * Of callers, a file's name can hold their separator, which is escaped: \x3b
 * means the same in $'...'.
 */
static char *put_cell(char *out, const struct column *column,
		      const struct cell *cell)
{
	const bool is_caller = column->kind == COLUMN_CALLERS;
	const struct text *text = &cell->text;

	if (cell->kind == CELL_NONE)
		return out;
	if (cell->kind != CELL_TEXT ||
	    !((text->size > 0 && memchr(FORMULA_BEGINS, text->bytes[0], 4)) ||
	      (is_caller && memchr(text->bytes, ';', text->size))))
		return put_table_cell(out, column, cell);
	return put_shell_quoted(out, text->bytes, text->size,
				cell->state == PATH_CUT, false,
				is_caller ? ';' : '\\');
}

/*
 * Quote the text from `start` to `end` if it holds a comma or a quote, which is
 * doubled. It holds no line end, the third reason of RFC 4180: the shell's
 * quoting escapes it. This goes backwards, so that nothing is overwritten
 * before it is read.
 */
static char *quote(char *start, char *end)
{
	size_t size = (size_t)(end - start);
	char *out = end + 2; /* for the quotes around it */

	if (!memchr(start, ',', size) && !memchr(start, '"', size))
		return end;
	for (size_t i = 0; i < size; i++)
		out += start[i] == '"';
	end = out;
	*--out = '"';
	while (size > 0) {
		*--out = start[--size];
		if (*out == '"')
			*--out = '"';
	}
	*--out = '"';
	return end;
}

char *put_csv_row(char *out, const struct row *row)
{
	const struct columns *columns = row->columns;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		const char *between =
			column->kind == COLUMN_CALLERS ? ";" : ",";
		char *end =
			put_cells(out, row, column, between, false, put_cell);

		out = quote(out, end);
		if (i + 1 < columns->count)
			*out++ = ',';
	}
	return put_string(out, "\r\n");
}
