// SPDX-License-Identifier: Apache-2.0
#include "cell.h"
#include "number.h"
#include "text.h"

/* Red is read on a dark screen and on a light one. */
#define COLOR_FAILED "\033[31m"
#define COLOR_END    "\033[0m"

char *put_table_cell(char *out, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_TEXT:
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

/* Pad what stands from `start` to `end` to the column's width. */
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

char *put_table_row(char *out, struct row_format *format,
		    const struct record *record)
{
	bool colored = format->color && failed(format, record);

	if (colored)
		out = put_string(out, COLOR_FAILED);
	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		bool last = i + 1 == format->column_count;
		char *end =
			put_cells(out, format, column, record, put_table_cell);

		if (!last || column->width > 0)
			end = pad(out, end, column->width);
		if (!last)
			*end++ = ' ';
		out = end;
	}
	if (colored)
		out = put_string(out, COLOR_END);
	*out++ = '\n';
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

		bound += (column->count ? column->count : 1) * (cell + 1) + 1;
		bound += (size_t)(width < 0 ? -width : width);
	}
	return bound;
}
