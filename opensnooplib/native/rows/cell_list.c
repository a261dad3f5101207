// SPDX-License-Identifier: Apache-2.0
#include "rows/cell_list.h"

char *put_cells(char *out, struct row_format *format,
		const struct column *column, const struct record *record,
		char *(*put_cell)(char *out, const struct cell *cell))
{
	uint32_t count = element_count(format, column, record);
	struct cell cell;

	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			*out++ = column->kind == COLUMN_CALLERS ? ';' : ',';
		read_element(&cell, format, column, record, i);
		out = put_cell(out, &cell);
	}
	/* What put_cell() returns points into `out`, not into the cell. */
	// cppcheck-suppress returnDanglingLifetime
	return out;
}

size_t cell_text_bound(const struct row_format *format,
		       const struct column *column)
{
	switch (column->kind) {
	case COLUMN_PATH:
		return FULL_PATH_ROOM + format->layout.path.size;
	case COLUMN_TEXT:
	case COLUMN_BYTES:
	case COLUMN_HEX:
		return column->field.size;
	case COLUMN_ENUM:
	case COLUMN_USER:
	case COLUMN_GROUP:
		return NAME_BOUND;
	case COLUMN_CGROUP:
	case COLUMN_CONTAINER:
		return CGROUP_PATH_BOUND;
	case COLUMN_CALLERS:
		return CALLER_BOUND;
	default:
		return 0;
	}
}
