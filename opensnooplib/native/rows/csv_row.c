// SPDX-License-Identifier: Apache-2.0
#include "rows/csv_row.h"

#include <string.h>

#include "base/put_string.h"
#include "rows/cell_list.h"
#include "rows/quoting.h"
#include "rows/table_row.h"

/*
 * A spreadsheet takes such a cell for a formula, and would run what somebody
 * wrote into a file's name.
 */
static bool looks_like_formula(const struct text *text)
{
	return text->size > 0 && memchr("=+-@", text->bytes[0], 4);
}

/* A file's name can hold the separator of callers. */
static bool looks_like_several(const struct cell *cell)
{
	return memchr(cell->text.bytes, ';', cell->text.size);
}

/* Replace each ';' by \x3b, which means the same in $'...'. */
static char *escape_semicolons(char *start, char *end)
{
	const size_t more = strlen("\\x3b") - 1;
	size_t size = (size_t)(end - start);
	char *out = end;

	for (size_t i = 0; i < size; i++)
		out += start[i] == ';' ? more : 0;
	end = out;
	/* Backwards, so that nothing is overwritten before it is read. */
	while (size > 0) {
		*--out = start[--size];
		if (*out == ';') {
			out -= more;
			memcpy(out, "\\x3b", more + 1);
		}
	}
	return end;
}

static char *put_caller(char *out, const struct cell *cell)
{
	if (!looks_like_formula(&cell->text) && !looks_like_several(cell))
		return put_table_cell(out, cell);
	return escape_semicolons(
		out, put_shell_quoted(out, cell->text.bytes, cell->text.size));
}

static char *put_cell(char *out, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_MISSING:
	case CELL_NONE:
		return out;
	case CELL_CALLER:
		return put_caller(out, cell);
	case CELL_TEXT:
		if (looks_like_formula(&cell->text))
			return put_shell_quoted(out, cell->text.bytes,
						cell->text.size);
		return put_table_cell(out, cell);
	default:
		return put_table_cell(out, cell);
	}
}

/*
 * Quote the text from `start` to `end` if it holds a comma or a quote. It holds
 * no line end, the third reason of RFC 4180: the shell's quoting escapes it.
 */
static char *quote(char *start, char *end)
{
	size_t size = (size_t)(end - start);
	size_t quotes = 0;
	char *out;

	if (!memchr(start, ',', size) && !memchr(start, '"', size))
		return end;
	for (size_t i = 0; i < size; i++)
		quotes += start[i] == '"';
	/* Backwards, so that nothing is overwritten before it is read. */
	end += quotes + 2;
	out = end;
	*--out = '"';
	while (size > 0) {
		*--out = start[--size];
		if (*out == '"')
			*--out = '"';
	}
	*--out = '"';
	return end;
}

char *put_csv_row(char *out, struct row_format *format,
		  const struct record *record)
{
	for (uint32_t i = 0; i < format->column_count; i++) {
		char *end = put_cells(out, format, &format->columns[i], record,
				      put_cell);

		out = quote(out, end);
		if (i + 1 < format->column_count)
			*out++ = ',';
	}
	return put_string(out, "\r\n");
}

size_t csv_row_bound(const struct row_format *format)
{
	size_t bound = sizeof("\r\n");

	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		size_t text = cell_text_bound(format, column);
		size_t cell = SHELL_TEXT_BOUND(text) + CELL_WORD_SIZE;

		/* A quote is doubled, and each character can be one. */
		bound += 2 * (column->count ? column->count : 1) * (cell + 1);
		bound += sizeof("\"\",");
	}
	return bound;
}
