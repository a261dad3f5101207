// SPDX-License-Identifier: Apache-2.0
#include "base/put_string.h"
#include "rows/column_cells.h"
#include "rows/quoting.h"
#include "rows/row.h"

static char *put_key(char *out, const char *name, const char *suffix)
{
	*out++ = '"';
	out = put_string(out, name);
	out = put_string(out, suffix);
	return put_string(out, "\": ");
}

/*
 * Text that isn't UTF-8 is followed by the same bytes as base64, in a key of
 * its own. An element of an array has no key, so that can't be said of it.
 */
static char *put_text(char *out, const struct column *column,
		      const struct cell *cell)
{
	bool whole;

	out = put_json_text(out, cell->text.bytes, cell->text.size, &whole);
	if (column->count > 0)
		return out;
	if (!whole) {
		out = put_string(out, ", ");
		out = put_key(out, column->name, "_bytes");
		out = put_json_base64(out, cell->text.bytes, cell->text.size);
	}
	if (cell->state != PATH_WHOLE) {
		out = put_string(out, ", ");
		out = put_key(out, column->name, "_cut");
		out = put_string(out, "true");
	}
	return out;
}

static char *put_cell(char *out, const struct column *column,
		      const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NUMBER:
		return put_bytes(out, cell->word, cell->word_size);
	case CELL_WORD:
	case CELL_UNKNOWN:
	case CELL_BYTES:
		*out++ = '"';
		out = put_table_cell(out, column, cell);
		*out++ = '"';
		return out;
	case CELL_TEXT:
		return put_text(out, column, cell);
	default:
		return put_string(out, "null");
	}
}

char *put_json_row(char *out, const struct row *row)
{
	const struct columns *columns = row->columns;

	*out++ = '{';
	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];

		if (i > 0)
			out = put_string(out, ", ");
		out = put_key(out, column->name, "");
		if (column->count > 0)
			*out++ = '[';
		out = put_cells(out, row, column, ", ", false, put_cell);
		if (column->count > 0)
			*out++ = ']';
	}
	return put_string(out, "}\n");
}
