// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_TMPFILE, strnlen */
#include "rows/cell.h"

#include <fcntl.h>

#include "base/number.h"
#include "base/put_string.h"
#include "rows/container.h"
#include "stacks/caller_array.h"

/* The kernel ignores the mode without O_CREAT or O_TMPFILE: open(2). */
static bool mode_is_used(const struct row_format *format,
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

static void end_word(struct cell *cell, enum cell_kind kind, const char *end)
{
	cell->kind = kind;
	cell->word_size = (size_t)(end - cell->word);
}

static void set_number(struct cell *cell, uint64_t value)
{
	end_word(cell, CELL_NUMBER, put_number(cell->word, value, 10, 1));
}

static void set_signed(struct cell *cell, int64_t value)
{
	end_word(cell, CELL_NUMBER, put_decimal(cell->word, value));
}

static void set_word(struct cell *cell, enum cell_kind kind, const char *word)
{
	end_word(cell, kind, put_string(cell->word, word));
}

static void set_text(struct cell *cell, const char *text, size_t size)
{
	cell->kind = CELL_TEXT;
	cell->text = (struct text){(const unsigned char *)text, size};
}

/* The name, or the number where the name is NULL. */
static void set_name(struct cell *cell, const char *name, uint64_t number)
{
	if (name)
		set_text(cell, name, strnlen(name, NAME_BOUND));
	else
		set_number(cell, number);
}

static void set_errno_name(struct cell *cell, int64_t number)
{
	if (number == 0)
		set_word(cell, CELL_NONE, "-");
	else
		set_name(cell, errno_name(number), (uint64_t)number);
}

static void set_descriptor(struct cell *cell, int64_t ret)
{
	if (ret == RECORD_NO_DESCRIPTOR)
		set_word(cell, CELL_NONE, "-");
	else if (ret == RECORD_UNKNOWN_RESULT)
		set_word(cell, CELL_NONE, "?");
	else
		set_signed(cell, ret < 0 ? -1 : ret);
}

/* The errno of `ret`, by number or by name. */
static void set_error(struct cell *cell, enum column_kind kind, int64_t ret)
{
	if (ret == RECORD_UNKNOWN_RESULT)
		set_word(cell, CELL_NONE, "?");
	else if (kind == COLUMN_ERR)
		set_signed(cell, errno_of(ret));
	else
		set_errno_name(cell, errno_of(ret));
}

static void set_microseconds(struct cell *cell, bool is_negative, uint64_t ns)
{
	char *out = cell->word;

	if (is_negative) {
		*out++ = '-';
		ns = -ns;
	}
	out = put_number(out, ns / 1000, 10, 1);
	*out++ = '.';
	end_word(cell, CELL_NUMBER, put_number(out, ns % 1000, 10, 3));
}

static void set_cgroup(struct cell *cell, struct names *names, uint64_t id)
{
	const char *path = cgroup_path(names, id);

	if (path)
		set_text(cell, path, strnlen(path, CGROUP_PATH_BOUND));
	else
		set_number(cell, id);
}

static void set_container(struct cell *cell, struct names *names, uint64_t id)
{
	const char *path = cgroup_path(names, id);
	const char *name;
	size_t size;

	if (path && find_container(path, &name, &size))
		set_text(cell, name, size);
	else
		set_word(cell, CELL_NONE, "-");
}

static void set_time(struct cell *cell, struct row_format *format,
		     uint32_t kind, uint64_t ts)
{
	char *out = cell->word;

	switch (kind) {
	case COLUMN_MONO:
		out = put_seconds_between(out, 0, ts);
		break;
	case COLUMN_DELTA:
		out = put_seconds_between(out, format->last_ts, ts);
		break;
	case COLUMN_WALL:
		out = put_time_of_day(out, &format->clock, ts);
		break;
	case COLUMN_DATE:
		out = put_date(out, &format->clock, ts);
		break;
	default:
		out = put_microseconds_between(out, format->first_ts, ts);
	}
	end_word(cell, CELL_WORD, out);
}

/* The value of an integer field: its bits, and as a signed number. */
static void set_integer(struct cell *cell, struct row_format *format,
			const struct column *column,
			const struct record *record, uint64_t bits,
			int64_t value)
{
	switch (column->kind) {
	case COLUMN_SIGNED:
		return set_signed(cell, value);
	case COLUMN_OCTAL:
		return end_word(cell, CELL_WORD,
				put_number(cell->word, bits, 8, 1));
	case COLUMN_BOOL:
		return set_word(cell, CELL_NUMBER, bits ? "true" : "false");
	case COLUMN_ENUM:
		return set_name(cell,
				symbol_name(column->symbols,
					    column->symbol_count,
					    (int64_t)bits),
				bits);
	case COLUMN_ERRNO:
		return set_errno_name(cell,
				      value < 0 ? errno_of(value) : value);
	case COLUMN_NS:
		return set_microseconds(cell, false, bits);
	case COLUMN_SIGNED_NS:
		return set_microseconds(cell, value < 0, (uint64_t)value);
	case COLUMN_USER:
		return set_name(cell, user_name(&format->names, bits), bits);
	case COLUMN_GROUP:
		return set_name(cell, group_name(&format->names, bits), bits);
	case COLUMN_CGROUP:
		return set_cgroup(cell, &format->names, bits);
	case COLUMN_CONTAINER:
		return set_container(cell, &format->names, bits);
	case COLUMN_FD:
		return set_descriptor(cell, value);
	case COLUMN_ERR:
	case COLUMN_ERRNAME:
		return set_error(cell, column->kind, value);
	case COLUMN_FLAGS:
		return end_word(cell, CELL_WORD,
				put_number(cell->word, bits, 8, 8));
	case COLUMN_FLAG_NAMES:
		return end_word(cell, CELL_WORD,
				put_flag_names(cell->word, bits));
	case COLUMN_MODE:
	case COLUMN_MODE_BITS:
		if (!mode_is_used(format, record))
			return set_word(cell, CELL_NONE, "n/a");
		if (column->kind == COLUMN_MODE_BITS)
			return set_number(cell, bits);
		return end_word(cell, CELL_WORD,
				put_number(cell->word, bits, 8, 4));
	case COLUMN_SECONDS:
	case COLUMN_MONO:
	case COLUMN_DELTA:
	case COLUMN_WALL:
	case COLUMN_DATE:
		return set_time(cell, format, column->kind, bits);
	default:
		return set_number(cell, bits);
	}
}

/* The index of the byte of weight 256^`power` in an integer of `size` bytes. */
static size_t byte_index(size_t size, size_t power)
{
	const uint16_t one = 1;
	const bool is_little_endian = *(const unsigned char *)&one == 1;

	return is_little_endian ? power : size - 1 - power;
}

/* Hex: nobody could check the decimal digits of 128 bits. */
static void set_hex(struct cell *cell, const unsigned char *bytes, size_t size)
{
	char *out = put_string(cell->word, "0x");
	size_t digits = size;

	while (digits > 1 && bytes[byte_index(size, digits - 1)] == 0)
		digits--;
	out = put_number(out, bytes[byte_index(size, digits - 1)], 16, 1);
	while (--digits > 0)
		out = put_number(out, bytes[byte_index(size, digits - 1)], 16,
				 2);
	end_word(cell, CELL_WORD, out);
}

static void set_address(struct cell *cell, uint64_t address)
{
	char *out = put_string(cell->word, "0x");

	end_word(cell, CELL_WORD, put_number(out, address, 16, 1));
}

static void read_path_cell(struct cell *cell, struct row_format *format,
			   const struct record *record)
{
	static const enum cell_kind kinds[] = {
		[PATH_WHOLE] = CELL_TEXT,
		[PATH_CUT] = CELL_PATH_CUT,
		[PATH_TOP_CUT] = CELL_PATH_TOP_CUT,
		[PATH_UNREADABLE] = CELL_UNREADABLE,
	};

	cell->kind =
		kinds[full_path(record, &format->layout, format->host_mounts,
				format->path_room, &cell->text)];
	/* A record that ends before the path lacks even the path's NUL. */
	if (cell->kind == CELL_TEXT &&
	    format->layout.path.offset >= record->size)
		set_word(cell, CELL_MISSING, "?");
}

static void read_cell(struct cell *cell, struct row_format *format,
		      const struct column *column, struct field field,
		      const struct record *record)
{
	uint64_t bits;
	int64_t value;

	switch (column->kind) {
	case COLUMN_PATH:
		read_path_cell(cell, format, record);
		return;
	case COLUMN_TEXT:
		if (field.offset >= record->size)
			break;
		cell->kind = CELL_TEXT;
		cell->text = record_text(record, field);
		return;
	case COLUMN_BYTES:
	case COLUMN_HEX:
		if (!record_has(record, field))
			break;
		if (column->kind == COLUMN_HEX && field.size <= 16) {
			set_hex(cell, record->data + field.offset, field.size);
			return;
		}
		cell->kind = CELL_BYTES;
		cell->text =
			(struct text){record->data + field.offset, field.size};
		return;
	default:
		if (!record_unsigned(record, field, &bits) ||
		    !record_signed(record, field, &value))
			break;
		set_integer(cell, format, column, record, bits, value);
		return;
	}
	set_word(cell, CELL_MISSING, "?");
}

#define UNKNOWN_CALLERS "<callers unknown>"

/* Address 0: from there on, the stack is unknown. */
static void read_caller_cell(struct cell *cell, struct row_format *format,
			     struct field field, const struct record *record,
			     bool returns)
{
	uint64_t address;
	uint64_t pid;
	uint64_t ts;

	if (!record_unsigned(record, field, &address))
		return set_word(cell, CELL_MISSING, "?");
	if (address == 0)
		return set_word(cell, CELL_WORD, UNKNOWN_CALLERS);
	if (!format->callers ||
	    !record_unsigned(record, format->layout.pid, &pid) ||
	    !record_unsigned(record, format->layout.ts, &ts))
		return set_address(cell, address);
	cell->kind = CELL_CALLER;
	cell->text = caller_text(format->callers, (uint32_t)pid, ts, address,
				 returns);
}

static struct caller_array caller_array_of(const struct row_format *format,
					   const struct column *column,
					   const struct record *record)
{
	return (struct caller_array){
		.record = record,
		.layout = &format->layout,
		.first = column->field,
		.size = column->count,
	};
}

uint32_t element_count(const struct row_format *format,
		       const struct column *column, const struct record *record)
{
	struct caller_array array;

	if (column->count == 0)
		return 1;
	if (column->kind != COLUMN_CALLERS)
		return column->count;
	array = caller_array_of(format, column, record);
	return caller_count(format->callers, &array);
}

void read_element(struct cell *cell, struct row_format *format,
		  const struct column *column, const struct record *record,
		  uint32_t index)
{
	struct field field = array_element(column->field, index);
	struct caller_array array;

	if (column->kind != COLUMN_CALLERS)
		return read_cell(cell, format, column, field, record);
	array = caller_array_of(format, column, record);
	if (callers_repeat_from(format->callers, &array, index))
		return set_word(cell, CELL_WORD, UNKNOWN_CALLERS);
	read_caller_cell(cell, format, field, record, index > 0);
}
