// SPDX-License-Identifier: Apache-2.0

#include "base/put_string.h"
#include "rows/column_cells.h"
#include "rows/row.h"

/* Red is readable on a dark screen and on a light one. */
#define COLOR_FAILED "\033[31m"
#define COLOR_END    "\033[0m"

/* In UTF-8, all bytes of a character but the first begin with the bits 10. */
static size_t count_characters(const char *start, const char *end)
{
	size_t count = 0;

	for (; start < end; start++)
		count += (*start & 0xc0) != 0x80;
	return count;
}

/* Pad the text from `start` to `end` to the column's width. */
static char *pad(char *start, char *end, int32_t width)
{
	size_t wanted = (size_t)(width < 0 ? -(int64_t)width : width);
	size_t length = wanted > 0 ? count_characters(start, end) : 0;
	size_t missing = length < wanted ? wanted - length : 0;

	if (width > 0) {
		memmove(start + missing, start, (size_t)(end - start));
		memset(start, ' ', missing);
	} else {
		memset(end, ' ', missing);
	}
	return end + missing;
}

/*
 * A column is padded if another follows, or if it is right-aligned. Callers are
 * not in the row's own line.
 */
static char *put_line(char *out, const struct row *row)
{
	const struct columns *columns = row->columns;
	int32_t width = 0; /* of the column that begins at `begin` */
	char *begin = NULL;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];

		if (column->kind == COLUMN_CALLERS)
			continue;
		if (begin) {
			out = pad(begin, out, width);
			*out++ = ' ';
		}
		begin = out;
		width = column->width;
		out = put_cells(out, row, column, ",", false, put_table_cell);
	}
	return width > 0 ? pad(begin, out, width) : out;
}

char *put_table_row(char *out, const struct row *row)
{
	const struct columns *columns = row->columns;
	struct field ret_field = row->format->layout.ret;
	int64_t ret = 0;
	bool colored = columns->color &&
		       record_signed(row->record, ret_field, &ret) && ret < 0;

	if (colored)
		out = put_string(out, COLOR_FAILED);
	out = put_line(out, row);
	if (colored)
		out = put_string(out, COLOR_END);
	*out++ = '\n';
	for (uint32_t i = 0; i < columns->count; i++) {
		if (columns->list[i].kind != COLUMN_CALLERS)
			continue;
		/* One line for each caller; it begins with a tab, as no row
		 * does.
		 */
		*out++ = '\t';
		out = put_cells(out, row, &columns->list[i], "\n\t", false,
				put_table_cell);
		*out++ = '\n';
	}
	return out;
}
