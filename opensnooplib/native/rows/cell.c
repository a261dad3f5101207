// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_TMPFILE, strnlen */
#include "rows/cell.h"

#include <fcntl.h>

#include "base/put_string.h"
#include "rows/quoting.h"

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

static void set_octal(struct cell *cell, uint64_t value, unsigned int digits)
{
	end_word(cell, CELL_WORD, put_number(cell->word, value, 8, digits));
}

static void set_hex(struct cell *cell, uint64_t value)
{
	char *out = put_string(cell->word, "0x");

	end_word(cell, CELL_WORD, put_number(out, value, 16, 1));
}

static void set_word(struct cell *cell, enum cell_kind kind, const char *word)
{
	end_word(cell, kind, put_string(cell->word, word));
}

static void set_text(struct cell *cell, const void *text, size_t size)
{
	cell->kind = CELL_TEXT;
	cell->text = (struct text){text, size};
	cell->state = PATH_WHOLE;
	cell->in_column = true;
}

/* The name, or the number where the name is NULL. */
static void set_name(struct cell *cell, const char *name, uint64_t number)
{
	if (name)
		set_text(cell, name, strnlen(name, NAME_BOUND));
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
		set_name(cell, symbol_name(column, number, NULL),
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

static void set_cgroup(struct cell *cell, struct names *names, uint64_t id)
{
	const char *path = cgroup_path(names, id, false);

	if (path)
		set_text(cell, path, strnlen(path, CGROUP_PATH_BOUND));
	else
		set_number(cell, id);
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
		set_word(cell, CELL_NONE, "-");
}

/* The value of an integer field: its bits, and as a signed number. */
static void set_integer(struct cell *cell, struct row_format *format,
			const struct column *column,
			const struct record *record, uint64_t bits,
			int64_t value)
{
	char *word = cell->word;

	switch (column->kind) {
	case COLUMN_SIGNED:
		return set_signed(cell, value);
	case COLUMN_HEX:
		return set_hex(cell, bits);
	case COLUMN_OCTAL:
		return set_octal(cell, bits, 1);
	case COLUMN_BOOL:
		return set_word(cell, CELL_NUMBER, bits ? "true" : "false");
	case COLUMN_ENUM:
		return set_name(cell, symbol_name(column, (int64_t)bits, NULL),
				bits);
	case COLUMN_ERRNO:
		return set_errno_name(cell, column,
				      value < 0 ? errno_of(value) : value);
	case COLUMN_NS:
		word = put_microseconds(word, false, bits);
		return end_word(cell, CELL_NUMBER, word);
	case COLUMN_SIGNED_NS:
		word = put_microseconds(word, value < 0, (uint64_t)value);
		return end_word(cell, CELL_NUMBER, word);
	case COLUMN_USER:
		return set_name(cell, user_name(&format->names, bits), bits);
	case COLUMN_GROUP:
		return set_name(cell, group_name(&format->names, bits), bits);
	case COLUMN_CGROUP:
		return set_cgroup(cell, &format->names, bits);
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
		if (!mode_is_used(format, record))
			return set_word(cell, CELL_NONE, "n/a");
		if (column->kind == COLUMN_MODE)
			return set_octal(cell, bits, 4);
		return set_number(cell, bits);
	case COLUMN_SECONDS: /* each cut to microseconds first, as BCC does */
		word = put_seconds_between(word, format->first_ts / 1000 * 1000,
					   bits / 1000 * 1000);
		return end_word(cell, CELL_WORD, word);
	case COLUMN_MONO:
		word = put_seconds_between(word, 0, bits);
		return end_word(cell, CELL_WORD, word);
	case COLUMN_DELTA:
		word = put_seconds_between(word, format->last_ts, bits);
		return end_word(cell, CELL_WORD, word);
	case COLUMN_WALL:
		word = put_time_of_day(word, &format->clock, bits);
		return end_word(cell, CELL_WORD, word);
	case COLUMN_DATE:
		word = put_date(word, &format->clock, bits);
		return end_word(cell, CELL_WORD, word);
	default:
		return set_number(cell, bits);
	}
}

/* "/" of "/vmlinuz", and "." of a name without a slash, as dirname(1) does. */
static void cut_to_directory(struct text *path)
{
	size_t size = path->size;

	while (size > 0 && path->bytes[size - 1] != '/')
		size--;
	if (size > 1)
		size--;
	*path = size > 0 ? (struct text){path->bytes, size}
			 : (struct text){(const unsigned char *)".", 1};
}

/* False if the record is too short for a path, even for its NUL. */
static bool read_path(struct cell *cell, struct row_format *format,
		      const struct column *column, const struct record *record)
{
	const struct column *last = format->columns + format->column_count - 1;

	cell->kind = CELL_TEXT;
	cell->in_column = column != last;
	cell->state = full_path(record, &format->layout, format->host_mounts,
				format->path_room, &cell->text);
	if (cell->state == PATH_UNREADABLE)
		set_word(cell, CELL_UNREADABLE, UNREADABLE);
	else if (column->kind == COLUMN_DIRECTORY)
		cut_to_directory(&cell->text);
	return cell->state != PATH_WHOLE ||
	       format->layout.path.offset < record->size;
}

static void set_text_or_none(struct cell *cell, const void *text, size_t size)
{
	set_text(cell, text, size);
	if (size == 0)
		set_word(cell, CELL_NONE, "-");
}

static void read_program(struct cell *cell, struct row_format *format,
			 const struct record *record)
{
	struct text path;
	enum path_state state =
		program_path(record, &format->layout, format->path_room, &path);

	set_text_or_none(cell, path.bytes, path.size);
	cell->state = state;
}

/*
 * Several texts, each with its NUL, as one, with `between` between any two. The
 * last byte of the field is not 0 if the field had no room for all.
 */
static bool read_texts(struct cell *cell, struct row_format *format,
		       struct field field, const struct record *record,
		       char between)
{
	char *room = format->path_room;
	const unsigned char *bytes;
	size_t size;

	if (!record_has(record, field))
		return false;
	bytes = record->data + field.offset;
	size = field.size - 1;
	if (size > FULL_PATH_ROOM)
		size = FULL_PATH_ROOM;
	memcpy(room, bytes, size);
	while (size > 0 && !room[size - 1])
		size--;
	for (size_t i = 0; i < size; i++)
		if (!room[i])
			room[i] = between;
	set_text_or_none(cell, room, size);
	if (bytes[field.size - 1])
		cell->state = PATH_CUT;
	return size > 0 || cell->state != PATH_CUT; /* else it is unreadable */
}

/* Callers before the first 0, which is shown if it is the first or the last. */
static uint32_t caller_count(const struct column *column,
			     const struct record *record)
{
	uint32_t count = 0;
	uint64_t address;

	while (count < column->count &&
	       record_unsigned(record, array_element(column->field, count),
			       &address) &&
	       address)
		count++;
	return count == 0 || count + 1 == column->count ? count + 1 : count;
}

/* Where nothing is mapped, there was no frame pointer: the rest is unknown. */
static bool read_caller(struct cell *cell, const struct row_format *format,
			struct field field, const struct record *record,
			bool returns)
{
	const struct layout *layout = &format->layout;
	enum mapped mapped = MAPPED;
	struct text text;
	uint64_t address;
	uint64_t pid;
	uint64_t ts;

	if (!record_unsigned(record, field, &address))
		return false;
	if (address == 0) {
		mapped = NOTHING_MAPPED;
	} else if (!format->callers ||
		   !record_unsigned(record, layout->pid, &pid) ||
		   !record_unsigned(record, layout->ts, &ts)) {
		set_hex(cell, address);
	} else {
		mapped = caller_text(format->callers, (uint32_t)pid, ts,
				     address, returns, &text);
		set_text(cell, text.bytes, text.size);
		cell->in_column = false;
	}
	if (mapped == NOTHING_MAPPED)
		set_word(cell, CELL_UNKNOWN, "<callers unknown>");
	return true;
}

/* False if the record is too short for the element. */
static bool read_cell(struct cell *cell, struct row_format *format,
		      const struct column *column, uint32_t index,
		      const struct record *record)
{
	struct field field = array_element(column->field, index);
	const bool is_rest =
		field_is_flexible(field) && field.offset <= record->size;
	uint64_t bits;
	int64_t value;

	switch (column->kind) {
	case COLUMN_OUTPUT:
		set_name(cell, symbol_name(column, 0, NULL), 0);
		return true;
	case COLUMN_PATH:
	case COLUMN_DIRECTORY:
		return read_path(cell, format, column, record);
	case COLUMN_EXE:
		read_program(cell, format, record);
		return record_has(record, field);
	case COLUMN_WORDS:
		return read_texts(cell, format, field, record, ' ');
	case COLUMN_LIST:
		return read_texts(cell, format, field, record, ',');
	case COLUMN_TEXT:
		if (field.offset >= record->size && !is_rest)
			return false;
		cell->text = record_text(record, field);
		set_text(cell, cell->text.bytes, cell->text.size);
		/* Was the end left out, since it could be padding? */
		if (is_rest && !record->is_exact &&
		    field.offset < record->size &&
		    cell->text.bytes[cell->text.size])
			cell->state = PATH_CUT;
		return true;
	case COLUMN_BYTES:
		if (is_rest)
			field.size = record->size - field.offset;
		else if (!record_has(record, field))
			return false;
		cell->kind = CELL_BYTES;
		cell->text =
			(struct text){record->data + field.offset, field.size};
		return true;
	case COLUMN_CALLERS:
		return read_caller(cell, format, field, record, index > 0);
	default:
		if (!record_unsigned(record, field, &bits) ||
		    !record_signed(record, field, &value))
			return false;
		set_integer(cell, format, column, record, bits, value);
		return true;
	}
}

char *put_cells(char *out, struct row_format *format,
		const struct column *column, const struct record *record,
		const char *between, cell_writer *put_cell)
{
	uint32_t count = column->kind == COLUMN_CALLERS
				 ? caller_count(column, record)
				 : column->count;
	struct cell cell;
	uint32_t i = 0;

	do { /* what is no array is one cell */
		if (i > 0)
			out = put_string(out, between);
		if (!read_cell(&cell, format, column, i, record))
			set_word(&cell, CELL_NONE, "?");
		out = put_cell(out, column, &cell);
	} while (++i < count && cell.kind != CELL_UNKNOWN);
	/* What put_cell() returns points into `out`, not into the cell. */
	// cppcheck-suppress returnDanglingLifetime
	return out;
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
