// SPDX-License-Identifier: Apache-2.0
#include "rows/row.h"

#include <string.h>

#include "rows/cell.h"
#include "rows/quoting.h"

row_writer *const row_writers[] = {
	[ROW_TABLE] = put_table_row,   [ROW_JSON] = put_json_row,
	[ROW_CSV] = put_csv_row,       [ROW_FOLDED] = put_folded_row,
	[ROW_RAW_PATH] = put_raw_path,
};

/* The most bytes of text that one cell of the column can hold. */
static size_t cell_text_bound(const struct layout *layout,
			      const struct column *column)
{
	switch (column->kind) {
	case COLUMN_EXE:
	case COLUMN_PATH:
	case COLUMN_DIRECTORY:
		return FULL_PATH_ROOM + layout->path.size;
	case COLUMN_TEXT:
	case COLUMN_WORDS:
	case COLUMN_LIST:
	case COLUMN_BYTES:
		return column->field.size;
	case COLUMN_CGROUP:
	case COLUMN_CONTAINER:
		return CGROUP_PATH_BOUND;
	case COLUMN_CALLERS:
		return CALLER_BOUND;
	default:
		return NAME_BOUND;
	}
}

/*
 * The bound is that of CSV, where each character of a quoted text can be a
 * quote, and is doubled: JSON with its base64 needs less. A bound may be
 * generous, since memory that no row has reached costs nothing.
 */
size_t longest_row(const struct layout *layout, const struct columns *columns)
{
	/* Colours or brackets around a row, and its line end. */
	size_t bound = 32;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		uint32_t elements = column->count ? column->count : 1;
		size_t text = cell_text_bound(layout, column);
		size_t cell = SHELL_TEXT_BOUND(text) + CELL_WORD_SIZE;
		int64_t width = column->width;

		/* Two more: a comma, or the tab and the newline of a caller. */
		bound += elements * 2 * (cell + 2);
		bound += (size_t)(width < 0 ? -width : width);
		/* JSON's NAME, NAME_bytes and NAME_cut, and what is around. */
		bound += 3 * (strlen(column->name) + sizeof(", \"_bytes\": "));
	}
	return bound;
}
