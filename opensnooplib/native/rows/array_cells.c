// SPDX-License-Identifier: Apache-2.0
/*
 * What the formats share: lists of cells, hex digits, bounds.
 */
#include "rows/cell.h"
#include "base/number.h"

/* How often an address stands there once more, before it counts as repeated. */
#define REPEATS_LEAST 16

/* 0 where there is none. */
static uint64_t caller_at(const struct column *column,
			  const struct record *record, uint32_t index)
{
	struct column element = array_element(column, index);
	uint64_t address = 0;

	if (index >= column->count)
		return 0;
	record_unsigned(record, element.field, &address);
	return address;
}

static bool has_code(const struct row_format *format,
		     const struct record *record, uint64_t address)
{
	uint64_t pid;
	uint64_t ts;

	return format->callers &&
	       record_unsigned(record, format->layout.pid, &pid) &&
	       record_unsigned(record, format->layout.ts, &ts) &&
	       caller_has_code(format->callers, (uint32_t)pid, ts, address);
}

bool callers_repeat_from(const struct row_format *format,
			 const struct column *column,
			 const struct record *record, uint32_t index)
{
	uint64_t address = caller_at(column, record, index);
	uint32_t end = index;

	if (address == 0 || index == 0 ||
	    caller_at(column, record, index - 1) != address ||
	    (index > 1 && caller_at(column, record, index - 2) == address))
		return false;
	while (caller_at(column, record, end) == address)
		end++;
	return end - index >= REPEATS_LEAST &&
	       caller_at(column, record, end) == 0 &&
	       !has_code(format, record, address);
}

/*
 * Of callers, those up to the first 0; the 0 itself where it tells that more
 * isn't known: none at all, or as many as the array has place for. Where they
 * repeat, the first that does stands for that.
 */
static uint32_t caller_count(const struct row_format *format,
			     const struct column *column,
			     const struct record *record)
{
	uint32_t count = 0;
	uint64_t address = 1;

	while (count < column->count && address != 0) {
		struct column element = array_element(column, count);

		if (!record_unsigned(record, element.field, &address))
			break;
		if (callers_repeat_from(format, column, record, count))
			return count + 1;
		count += address != 0;
	}
	return count == 0 || count + 1 == column->count ? count + 1 : count;
}

uint32_t element_count(const struct row_format *format,
		       const struct column *column, const struct record *record)
{
	if (column->count == 0)
		return 1;
	return column->kind == COLUMN_CALLERS
		       ? caller_count(format, column, record)
		       : column->count;
}

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
	/* What it returns points into `out`, not to the cell. */
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

char *put_hex_bytes(char *out, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out = put_number(out, bytes[i], 16, 2);
	return out;
}
