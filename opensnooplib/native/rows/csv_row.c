// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/put_string.h"
#include "rows/cell.h"
#include "rows/quoting.h"
#include "rows/row.h"

/*
 * A spreadsheet takes such a cell for a formula, and would run what somebody
 * wrote into a file's name.
 */
static bool looks_like_formula(const struct text *text)
{
	return text->size > 0 && memchr("=+-@", text->bytes[0], 4);
}

/*
 * Replace each `old` from `start` to `end`, and return the new end. It goes
 * backwards, so that nothing is overwritten before it is read.
 */
static char *replace(char *start, char *end, char old, const char *new)
{
	const size_t new_size = strlen(new);
	size_t size = (size_t)(end - start);
	char *out = end;

	for (size_t i = 0; i < size; i++)
		out += start[i] == old ? new_size - 1 : 0;
	end = out;
	while (size > 0) {
		if (start[--size] == old) {
			out -= new_size;
			memcpy(out, new, new_size);
		} else {
			*--out = start[size];
		}
	}
	return end;
}

/*
 * Of callers, a file's name can hold their separator, which is escaped: \x3b
 * means the same in $'...'. A path that was cut is quoted anyway.
 */
static char *put_cell(char *out, const struct column *column,
		      const struct cell *cell)
{
	const bool is_caller = column->kind == COLUMN_CALLERS;
	const struct text *text = &cell->text;
	char *end;

	if (cell->kind == CELL_NONE)
		return out;
	if (cell->kind != CELL_TEXT || cell->state == PATH_CUT ||
	    !(looks_like_formula(text) ||
	      (is_caller && memchr(text->bytes, ';', text->size))))
		return put_table_cell(out, column, cell);
	end = put_shell_quoted(out, text->bytes, text->size, false);
	return is_caller ? replace(out, end, ';', "\\x3b") : end;
}

/*
 * Quote the text from `start` to `end` if it holds a comma or a quote. It holds
 * no line end, the third reason of RFC 4180: the shell's quoting escapes it.
 */
static char *quote(char *start, char *end)
{
	size_t size = (size_t)(end - start);

	if (!memchr(start, ',', size) && !memchr(start, '"', size))
		return end;
	end = replace(start, end, '"', "\"\"");
	memmove(start + 1, start, (size_t)(end - start));
	*start = '"';
	end[1] = '"';
	return end + 2;
}

char *put_csv_row(char *out, struct row_format *format,
		  const struct record *record)
{
	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		const char *between =
			column->kind == COLUMN_CALLERS ? ";" : ",";
		char *end = put_cells(out, format, column, record, between,
				      put_cell);

		out = quote(out, end);
		if (i + 1 < format->column_count)
			*out++ = ',';
	}
	return put_string(out, "\r\n");
}
