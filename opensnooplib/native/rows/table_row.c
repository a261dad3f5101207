// SPDX-License-Identifier: Apache-2.0
#include "rows/table_row.h"

#include <string.h>

#include "base/number.h"
#include "base/put_string.h"
#include "rows/cell_list.h"
#include "rows/quoting.h"

/* Red is readable on a dark screen and on a light one. */
#define COLOR_FAILED "\033[31m"
#define COLOR_END    "\033[0m"

char *put_table_cell(char *out, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_TEXT:
	case CELL_CALLER:
	case CELL_PATH_CUT:
	case CELL_PATH_TOP_CUT:
		return put_shell_text(out, cell->text.bytes, cell->text.size,
				      cell->kind == CELL_PATH_CUT);
	case CELL_UNREADABLE:
		return put_string(out, UNREADABLE);
	case CELL_BYTES:
		return put_hex_bytes(out, cell->text.bytes, cell->text.size);
	default:
		return put_bytes(out, cell->word, cell->word_size);
	}
}

/* Pad the text from `start` to `end` to the column's width. */
static char *pad(char *start, char *end, int32_t width)
{
	size_t length = (size_t)(end - start);
	size_t wanted = (size_t)(width < 0 ? -(int64_t)width : width);

	if (length >= wanted)
		return end;
	if (width > 0) {
		memmove(start + (wanted - length), start, length);
		memset(start, ' ', wanted - length);
	} else {
		memset(end, ' ', wanted - length);
	}
	return start + wanted;
}

static bool failed(const struct row_format *format, const struct record *record)
{
	int64_t ret;

	return record_signed(record, format->layout.ret, &ret) && ret < 0;
}

/* One line for each caller; it begins with a tab, as no row does. */
static char *put_callers(char *out, struct row_format *format,
			 const struct column *column,
			 const struct record *record)
{
	uint32_t count = element_count(format, column, record);
	struct cell cell;

	for (uint32_t i = 0; i < count; i++) {
		*out++ = '\t';
		read_element(&cell, format, column, record, i);
		out = put_table_cell(out, &cell);
		*out++ = '\n';
	}
	return out;
}

/* Callers are not in the row's own line. */
static bool is_below_row(const struct column *column)
{
	return column->kind == COLUMN_CALLERS;
}

/* The index of the last column in the row's own line. */
static uint32_t last_of_line(const struct row_format *format)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < format->column_count; i++)
		if (!is_below_row(&format->columns[i]))
			last = i;
	return last;
}

static char *put_line(char *out, struct row_format *format,
		      const struct record *record)
{
	uint32_t last = last_of_line(format);

	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		char *end;

		if (is_below_row(column))
			continue;
		end = put_cells(out, format, column, record, put_table_cell);
		if (i != last || column->width > 0)
			end = pad(out, end, column->width);
		if (i != last)
			*end++ = ' ';
		out = end;
	}
	return out;
}

char *put_table_row(char *out, struct row_format *format,
		    const struct record *record)
{
	bool colored = format->color && failed(format, record);

	if (colored)
		out = put_string(out, COLOR_FAILED);
	out = put_line(out, format, record);
	if (colored)
		out = put_string(out, COLOR_END);
	*out++ = '\n';
	for (uint32_t i = 0; i < format->column_count; i++)
		if (is_below_row(&format->columns[i]))
			out = put_callers(out, format, &format->columns[i],
					  record);
	return out;
}

size_t table_row_bound(const struct row_format *format)
{
	size_t bound = sizeof(COLOR_FAILED COLOR_END "\n");

	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		int64_t width = column->width;
		size_t text = cell_text_bound(format, column);
		size_t cell = SHELL_TEXT_BOUND(text) + CELL_WORD_SIZE;

		/* Each is followed by a comma, or is between tab and newline.
		 */
		bound += (column->count ? column->count : 1) * (cell + 2) + 1;
		bound += (size_t)(width < 0 ? -width : width);
	}
	return bound;
}
