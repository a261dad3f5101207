// SPDX-License-Identifier: Apache-2.0
/*
 * What the formats share: lists of cells, hex digits, bounds.
 */
#include "cell.h"
#include "number.h"

struct column array_element(const struct column *column, uint32_t index)
{
	struct column element = *column;

	element.count = 0;
	/* Past the end of what 32 bits can tell, no record has anything. */
	if (__builtin_mul_overflow(index, column->field.size,
				   &element.field.offset) ||
	    __builtin_add_overflow(element.field.offset, column->field.offset,
				   &element.field.offset))
		element.field.offset = UINT32_MAX;
	return element;
}

char *put_cells(char *out, struct row_format *format,
		const struct column *column, const struct record *record,
		char *(*put_cell)(char *out, const struct cell *cell))
{
	struct cell cell;

	if (column->count == 0) {
		read_cell(&cell, format, column, record);
		/* What it returns points into `out`, not to the cell. */
		// cppcheck-suppress returnDanglingLifetime
		return put_cell(out, &cell);
	}
	for (uint32_t i = 0; i < column->count; i++) {
		struct column element = array_element(column, i);

		if (i > 0)
			*out++ = ',';
		read_cell(&cell, format, &element, record);
		out = put_cell(out, &cell);
	}
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
	default:
		return 0;
	}
}

char *put_hex_bytes(char *out, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out = put_number(out, bytes[i], 16, 2);
	return out;
}
