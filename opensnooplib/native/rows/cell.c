// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_TMPFILE, strnlen */
#include "rows/cell.h"

#include <fcntl.h>

#include "rows/quoting.h"

/* Else the kernel ignores the mode: WILL_CREATE in its fs/open.c */
static bool mode_is_used(const struct row *row)
{
	uint64_t flags;

	if (!record_unsigned(row->record, row->format->layout.flags, &flags))
		return true;
	return flags & (O_CREAT | (O_TMPFILE ^ O_DIRECTORY));
}

static int64_t errno_of(int64_t ret)
{
	return ret < 0 && ret > INT64_MIN ? -ret : 0;
}

static void set_number(struct cell *cell, uint64_t value)
{
	end_word(cell, CELL_NUMBER, put_number(cell->word, value, 10, 1));
}

static void set_signed(struct cell *cell, int64_t value)
{
	end_word(cell, CELL_NUMBER, put_decimal(cell->word, value));
}

static void set_octal(struct cell *cell, uint64_t value, unsigned int digits)
{
	end_word(cell, CELL_WORD, put_number(cell->word, value, 8, digits));
}

static void set_hex(struct cell *cell, uint64_t value)
{
	char *out = put_string(cell->word, "0x");

	end_word(cell, CELL_WORD, put_number(out, value, 16, 1));
}

/* The name, at most `bound` bytes of it; the number where the name is NULL. */
static void set_name(struct cell *cell, const char *name, size_t bound,
		     uint64_t number)
{
	if (name)
		set_text(cell, name, strnlen(name, bound));
	else
		set_number(cell, number);
}

static const char *symbol_name(const struct column *column, int64_t value,
			       const char *otherwise)
{
	for (uint32_t i = 0; i < column->symbol_count; i++)
		if (column->symbols[i].value == value)
			return column->symbols[i].name;
	return otherwise;
}

static void set_errno_name(struct cell *cell, const struct column *column,
			   int64_t number)
{
	if (number == 0)
		set_word(cell, CELL_NONE, "-");
	else
		set_name(cell, symbol_name(column, number, NULL), NAME_BOUND,
			 (uint64_t)number);
}

/* "O_RDWR|O_CREAT", and what has no name as one hex number: all fit. */
static void set_flag_names(struct cell *cell, const struct column *column,
			   uint64_t flags)
{
	uint64_t left = flags & ~(uint64_t)O_ACCMODE;
	char *out = put_string(cell->word,
			       symbol_name(column, flags & O_ACCMODE, "?"));

	for (uint32_t i = 0; i < column->symbol_count; i++) {
		const struct symbol *flag = &column->symbols[i];
		uint64_t bits = (uint64_t)flag->value;

		if (bits == 0 || (left & bits) != bits)
			continue;
		left &= ~bits;
		*out++ = '|';
		out = put_string(out, flag->name);
	}
	if (left > 0)
		out = put_number(put_string(out, "|0x"), left, 16, 1);
	end_word(cell, CELL_WORD, out);
}

/* The descriptor in `ret`, or its errno by number or by name. */
static void set_result(struct cell *cell, const struct column *column,
		       int64_t ret)
{
	if (ret == UNKNOWN_RESULT)
		set_word(cell, CELL_NONE, "?");
	else if (ret == UNDER_WAY)
		set_word(cell, CELL_NONE, "...");
	else if (column->kind == COLUMN_ERR)
		set_signed(cell, errno_of(ret));
	else if (column->kind == COLUMN_ERRNAME)
		set_errno_name(cell, column, errno_of(ret));
	else if (ret == NO_DESCRIPTOR)
		set_word(cell, CELL_NONE, "-");
	else
		set_signed(cell, ret < 0 ? -1 : ret);
}

static void set_container(struct cell *cell, struct names *names, uint64_t id)
{
	const char *path = cgroup_path(names, id, true);
	struct text name = {0};

	if (path)
		name = find_container(path);
	if (name.size > 0)
		set_text(cell, name.bytes, name.size);
	else
		set_word(cell, CELL_NONE, path ? "-" : "?");
}

void set_integer(struct cell *cell, const struct row *row,
		 const struct column *column, uint64_t bits, int64_t value)
{
	struct row_format *format = row->format;
	const char *end;

	switch (column->kind) {
	case COLUMN_SIGNED:
		return set_signed(cell, value);
	case COLUMN_HEX:
	case COLUMN_CALLERS: /* in a replay */
		return set_hex(cell, bits);
	case COLUMN_OCTAL:
		return set_octal(cell, bits, 1);
	case COLUMN_BOOL:
		return set_word(cell, CELL_NUMBER, bits ? "true" : "false");
	case COLUMN_ENUM:
	case COLUMN_OUTPUT:
		return set_name(cell, symbol_name(column, (int64_t)bits, NULL),
				NAME_BOUND, bits);
	case COLUMN_ERRNO:
		return set_errno_name(cell, column,
				      value < 0 ? errno_of(value) : value);
	case COLUMN_NS:
		end = put_microseconds(cell->word, false, bits);
		return end_word(cell, CELL_NUMBER, end);
	case COLUMN_SIGNED_NS:
		end = put_microseconds(cell->word, value < 0, (uint64_t)value);
		return end_word(cell, CELL_NUMBER, end);
	case COLUMN_USER:
		return set_name(cell, user_name(&format->names, bits),
				NAME_BOUND, bits);
	case COLUMN_GROUP:
		return set_name(cell, group_name(&format->names, bits),
				NAME_BOUND, bits);
	case COLUMN_CGROUP:
		return set_name(cell, cgroup_path(&format->names, bits, false),
				CGROUP_PATH_BOUND, bits);
	case COLUMN_CONTAINER:
		return set_container(cell, &format->names, bits);
	case COLUMN_FD:
	case COLUMN_ERR:
	case COLUMN_ERRNAME:
		return set_result(cell, column, value);
	case COLUMN_FLAGS:
		return set_octal(cell, bits, 8);
	case COLUMN_FLAG_NAMES:
		return set_flag_names(cell, column, bits);
	case COLUMN_MODE:
	case COLUMN_MODE_BITS:
		if (!mode_is_used(row))
			return set_word(cell, CELL_NONE, "n/a");
		if (column->kind == COLUMN_MODE)
			return set_octal(cell, bits, 4);
		return set_number(cell, bits);
	case COLUMN_SECONDS: /* each cut to microseconds first, as BCC does */
		end = put_seconds_between(cell->word,
					  format->first_ts / 1000 * 1000,
					  bits / 1000 * 1000);
		return end_word(cell, CELL_WORD, end);
	case COLUMN_MONO:
		end = put_seconds_between(cell->word, 0, bits);
		return end_word(cell, CELL_WORD, end);
	case COLUMN_DELTA:
		end = put_seconds_between(cell->word, format->last_ts, bits);
		return end_word(cell, CELL_WORD, end);
	case COLUMN_WALL:
		end = put_time_of_day(cell->word, &format->clock, bits);
		return end_word(cell, CELL_WORD, end);
	case COLUMN_DATE:
		end = put_date(cell->word, &format->clock, bits);
		return end_word(cell, CELL_WORD, end);
	default:
		return set_number(cell, bits);
	}
}

char *put_table_cell(char *out, const struct column *column,
		     const struct cell *cell)
{
	(void)column;
	switch (cell->kind) {
	case CELL_TEXT:
		return put_shell_text(out, cell->text.bytes, cell->text.size,
				      cell->state == PATH_CUT, cell->in_column);
	case CELL_BYTES:
		return put_hex_bytes(out, cell->text.bytes, cell->text.size);
	default:
		return put_bytes(out, cell->word, cell->word_size);
	}
}
