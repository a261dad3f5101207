// SPDX-License-Identifier: Apache-2.0
#include "rows/json_row.h"

#include <string.h>

#include "base/number.h"
#include "base/put_string.h"
#include "rows/cell_list.h"
#include "rows/quoting.h"

static char *put_key(char *out, const char *name, const char *suffix)
{
	*out++ = '"';
	out = put_string(out, name);
	out = put_string(out, suffix);
	return put_string(out, "\": ");
}

static char *put_quoted(char *out, const struct cell *cell)
{
	*out++ = '"';
	if (cell->kind == CELL_BYTES)
		out = put_hex_bytes(out, cell->text.bytes, cell->text.size);
	else
		out = put_bytes(out, cell->word, cell->word_size);
	*out++ = '"';
	return out;
}

/*
 * Text that isn't UTF-8 is followed by the same bytes as base64, in a key of
 * its own. An element of an array has no key (`name` is NULL), so that can't be
 * said of it.
 */
static char *put_text(char *out, const char *name, const struct cell *cell)
{
	bool whole;

	out = put_json_text(out, cell->text.bytes, cell->text.size, &whole);
	if (!name)
		return out;
	if (!whole) {
		out = put_string(out, ", ");
		out = put_key(out, name, "_bytes");
		out = put_json_base64(out, cell->text.bytes, cell->text.size);
	}
	if (cell->kind == CELL_PATH_CUT || cell->kind == CELL_PATH_TOP_CUT) {
		out = put_string(out, ", ");
		out = put_key(out, name, "_cut");
		out = put_string(out, "true");
	}
	return out;
}

static char *put_cell(char *out, const char *name, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NUMBER:
		return put_bytes(out, cell->word, cell->word_size);
	case CELL_WORD:
	case CELL_BYTES:
		return put_quoted(out, cell);
	case CELL_TEXT:
	case CELL_CALLER:
	case CELL_PATH_CUT:
	case CELL_PATH_TOP_CUT:
		return put_text(out, name, cell);
	default:
		return put_string(out, "null");
	}
}

static char *put_value(char *out, struct row_format *format,
		       const struct column *column, const struct record *record)
{
	uint32_t count = element_count(format, column, record);
	struct cell cell;

	if (column->count == 0) {
		read_element(&cell, format, column, record, 0);
		return put_cell(out, column->name, &cell);
	}
	*out++ = '[';
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			out = put_string(out, ", ");
		read_element(&cell, format, column, record, i);
		out = put_cell(out, NULL, &cell);
	}
	*out++ = ']';
	return out;
}

char *put_json_row(char *out, struct row_format *format,
		   const struct record *record)
{
	*out++ = '{';
	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];

		if (i > 0)
			out = put_string(out, ", ");
		out = put_key(out, column->name, "");
		out = put_value(out, format, column, record);
	}
	return put_string(out, "}\n");
}

size_t json_row_bound(const struct row_format *format)
{
	size_t bound = sizeof("{}\n");

	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		size_t text = cell_text_bound(format, column);
		size_t key = strlen(column->name) + sizeof(", \"_bytes\": ");
		size_t cell = JSON_TEXT_BOUND(text) + BASE64_BOUND(text) +
			      CELL_WORD_SIZE + sizeof(", ");

		bound += 3 * key + sizeof("[]");
		bound += (column->count ? column->count : 1) * cell;
	}
	return bound;
}
