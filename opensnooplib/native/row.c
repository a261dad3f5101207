// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_TMPFILE */
#include "row.h"

#include <fcntl.h>
#include <string.h>

#include "number.h"
#include "text.h"

static char *put_string(char *out, const char *string)
{
	size_t length = strlen(string);

	memcpy(out, string, length);
	return out + length;
}

static char *put_hex_bytes(char *out, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out = put_number(out, bytes[i], 16, 2);
	return out;
}

/* As BCC shows it: each time cut to whole microseconds, nine decimals. */
static char *put_seconds(char *out, uint64_t ns, uint64_t first_ns)
{
	int64_t us = (int64_t)(ns / 1000) - (int64_t)(first_ns / 1000);
	uint64_t magnitude = (uint64_t)us;

	if (us < 0) {
		*out++ = '-';
		magnitude = -magnitude;
	}
	out = put_number(out, magnitude / 1000000, 10, 1);
	*out++ = '.';
	out = put_number(out, magnitude % 1000000, 10, 6);
	return put_string(out, "000");
}

/* open(2): without these the kernel ignores the mode. */
static bool mode_counts(const struct row_format *format,
			const struct record *record)
{
	uint64_t flags;

	if (!record_unsigned(record, format->layout.flags, &flags))
		return true;
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

static int64_t errno_of(int64_t ret)
{
	return ret < 0 && ret > INT64_MIN ? -ret : 0;
}

/*
 * The columns that look the same in a table and in JSON. Returns NULL where
 * the record doesn't hold the field.
 */
static char *put_integer(char *out, const struct column *column,
			 const struct record *record)
{
	uint64_t bits;
	int64_t value;

	if (!record_unsigned(record, column->field, &bits) ||
	    !record_signed(record, column->field, &value))
		return NULL;

	switch (column->kind) {
	case COLUMN_SIGNED:
		return put_decimal(out, value);
	case COLUMN_FD:
		return put_decimal(out, value < 0 ? -1 : value);
	case COLUMN_ERR:
		return put_decimal(out, errno_of(value));
	default:
		return put_number(out, bits, 10, 1);
	}
}

static char *put_table_path(char *out, const struct row_format *format,
			    const struct record *record)
{
	struct text path;
	enum path_state state = record_path(record, &format->layout, &path);

	if (state == PATH_UNREADABLE)
		return put_string(out, UNREADABLE);
	return put_shell_text(out, path.bytes, path.size, state == PATH_CUT);
}

/* Returns NULL where the record doesn't hold the field. */
static char *put_table_value(char *out, const struct row_format *format,
			     const struct column *column,
			     const struct record *record)
{
	uint64_t bits = 0;
	bool has_bits = record_unsigned(record, column->field, &bits);
	struct text text;

	switch (column->kind) {
	case COLUMN_PATH:
		return put_table_path(out, format, record);
	case COLUMN_TEXT:
		text = record_text(record, column->field);
		return put_shell_text(out, text.bytes, text.size, false);
	case COLUMN_BYTES:
		if (!record_has(record, column->field))
			return NULL;
		return put_hex_bytes(out, record->data + column->field.offset,
				     column->field.size);
	case COLUMN_SECONDS:
		return has_bits ? put_seconds(out, bits, format->first_ts)
				: NULL;
	case COLUMN_FLAGS:
		return has_bits ? put_number(out, bits, 8, 8) : NULL;
	case COLUMN_MODE:
		if (has_bits && !mode_counts(format, record))
			return put_string(out, "n/a");
		return has_bits ? put_number(out, bits, 8, 4) : NULL;
	default:
		return put_integer(out, column, record);
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

char *put_table_row(char *out, const struct row_format *format,
		    const struct record *record)
{
	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		bool last = i + 1 == format->column_count;
		char *end = put_table_value(out, format, column, record);

		if (!end)
			end = put_string(out, "?");
		if (!last || column->width > 0)
			end = pad(out, end, column->width);
		if (!last)
			*end++ = ' ';
		out = end;
	}
	*out++ = '\n';
	return out;
}

static char *put_json_key(char *out, const char *name, const char *suffix)
{
	*out++ = '"';
	out = put_string(out, name);
	out = put_string(out, suffix);
	return put_string(out, "\": ");
}

/* Text that isn't UTF-8 comes a second time, whole, as base64. */
static char *put_json_text_value(char *out, const char *name, struct text text)
{
	bool whole;

	out = put_json_text(out, text.bytes, text.size, &whole);
	if (whole)
		return out;
	out = put_string(out, ", ");
	out = put_json_key(out, name, "_bytes");
	return put_json_base64(out, text.bytes, text.size);
}

static char *put_json_path(char *out, const struct row_format *format,
			   const struct column *column,
			   const struct record *record)
{
	struct text path;
	enum path_state state = record_path(record, &format->layout, &path);

	if (state == PATH_UNREADABLE)
		return put_string(out, "null");
	out = put_json_text_value(out, column->name, path);
	if (state == PATH_CUT) {
		out = put_string(out, ", ");
		out = put_json_key(out, column->name, "_cut");
		out = put_string(out, "true");
	}
	return out;
}

/* Returns NULL where the record doesn't hold the field. */
static char *put_json_value(char *out, const struct row_format *format,
			    const struct column *column,
			    const struct record *record)
{
	switch (column->kind) {
	case COLUMN_PATH:
		return put_json_path(out, format, column, record);
	case COLUMN_TEXT:
		return put_json_text_value(out, column->name,
					   record_text(record, column->field));
	case COLUMN_BYTES:
		if (!record_has(record, column->field))
			return NULL;
		*out++ = '"';
		out = put_hex_bytes(out, record->data + column->field.offset,
				    column->field.size);
		*out++ = '"';
		return out;
	case COLUMN_MODE:
		if (!mode_counts(format, record))
			return NULL;
		return put_integer(out, column, record);
	default:
		return put_integer(out, column, record);
	}
}

char *put_json_row(char *out, const struct row_format *format,
		   const struct record *record)
{
	*out++ = '{';
	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		char *end;

		if (i > 0)
			out = put_string(out, ", ");
		out = put_json_key(out, column->name, "");
		end = put_json_value(out, format, column, record);
		out = end ? end : put_string(out, "null");
	}
	return put_string(out, "}\n");
}

static size_t table_value_bound(const struct row_format *format,
				const struct column *column)
{
	switch (column->kind) {
	case COLUMN_PATH:
		return SHELL_TEXT_BOUND((size_t)format->layout.path.size) +
		       sizeof(UNREADABLE);
	case COLUMN_TEXT:
		return SHELL_TEXT_BOUND((size_t)column->field.size);
	case COLUMN_BYTES:
		return 2 * (size_t)column->field.size + NUMBER_BOUND;
	default:
		return 2 * NUMBER_BOUND;
	}
}

size_t table_row_bound(const struct row_format *format)
{
	size_t bound = sizeof("\n");

	for (uint32_t i = 0; i < format->column_count; i++) {
		int64_t width = format->columns[i].width;

		bound += table_value_bound(format, &format->columns[i]) + 1;
		bound += (size_t)(width < 0 ? -width : width);
	}
	return bound;
}

size_t json_row_bound(const struct row_format *format)
{
	size_t bound = sizeof("{}\n");

	for (uint32_t i = 0; i < format->column_count; i++) {
		const struct column *column = &format->columns[i];
		size_t size = column->kind == COLUMN_PATH
				      ? format->layout.path.size
				      : column->field.size;

		bound += 3 * (COLUMN_NAME_SIZE + sizeof(", \"_bytes\": "));
		bound += JSON_TEXT_BOUND(size) + BASE64_BOUND(size);
		bound += 2 * NUMBER_BOUND;
	}
	return bound;
}
