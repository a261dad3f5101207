// SPDX-License-Identifier: Apache-2.0
#include "rows/column_cells.h"

#include "rows/quoting.h"

/* "/" of "/vmlinuz", and "." of a name without a slash, as dirname(1) does. */
static void cut_to_directory(struct text *path)
{
	size_t size = path->size;

	while (size > 0 && path->bytes[size - 1] != '/')
		size--;
	while (size > 1 && path->bytes[size - 1] == '/')
		size--;
	*path = size > 0 ? (struct text){path->bytes, size}
			 : (struct text){(const unsigned char *)".", 1};
}

/* False if the record is too short for a path, even for its NUL. */
static bool read_path(struct cell *cell, const struct row *row,
		      const struct column *column)
{
	const struct columns *columns = row->columns;
	struct row_format *format = row->format;

	cell->kind = CELL_TEXT;
	cell->in_column = column + 1 < columns->list + columns->count;
	cell->state =
		full_path(row->record, &format->layout, format->host_mounts,
			  format->path_room, &cell->text);
	if (cell->state == PATH_UNREADABLE)
		set_word(cell, CELL_UNREADABLE, UNREADABLE);
	else if (column->kind == COLUMN_DIRECTORY)
		cut_to_directory(&cell->text);
	return cell->state != PATH_WHOLE ||
	       format->layout.path.offset < row->record->size;
}

static void set_text_or_none(struct cell *cell, const void *text, size_t size)
{
	set_text(cell, text, size);
	if (size == 0)
		set_word(cell, CELL_NONE, "-");
}

static void read_program(struct cell *cell, const struct row *row)
{
	struct text path;
	enum path_state state = program_path(row->record, &row->format->layout,
					     row->format->path_room, &path);

	set_text_or_none(cell, path.bytes, path.size);
	cell->state = state;
}

/*
 * Several texts, each with its NUL, as one, with `between` between any two. The
 * last byte of the field is not 0 if the field had no room for all.
 */
static bool read_texts(struct cell *cell, const struct row *row,
		       struct field field, char between)
{
	char *room = row->format->path_room;
	const unsigned char *bytes;
	size_t size;

	if (!record_has(row->record, field))
		return false;
	bytes = row->record->data + field.offset;
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
static bool read_caller(struct cell *cell, const struct row *row,
			const struct column *column, uint32_t index)
{
	const struct record *record = row->record;
	const struct layout *layout = &row->format->layout;
	struct callers *callers = row->format->callers;
	enum mapped mapped = MAPPED;
	struct text text;
	uint64_t address;
	uint64_t pid;
	uint64_t ts;

	if (!record_unsigned(record, array_element(column->field, index),
			     &address))
		return false;
	if (address == 0) {
		mapped = NOTHING_MAPPED;
	} else if (!callers || !record_unsigned(record, layout->pid, &pid) ||
		   !record_unsigned(record, layout->ts, &ts)) {
		set_integer(cell, row, column, address, 0);
	} else {
		mapped = caller_text(callers, (uint32_t)pid, ts, address,
				     index > 0, &text);
		set_text(cell, text.bytes, text.size);
		cell->in_column = false;
	}
	if (mapped == NOTHING_MAPPED)
		set_word(cell, CELL_UNKNOWN, "<callers unknown>");
	return true;
}

/* False if the record is too short for the element, or it is unknown. */
static bool read_cell(struct cell *cell, const struct row *row,
		      const struct column *column, uint32_t index)
{
	const struct record *record = row->record;
	struct field field = array_element(column->field, index);
	const bool is_rest =
		field_is_flexible(field) && field.offset <= record->size;
	uint64_t bits;
	int64_t value;

	switch (column->kind) {
	case COLUMN_OUTPUT:
		set_integer(cell, row, column, 0, 0);
		return true;
	case COLUMN_PATH:
	case COLUMN_DIRECTORY:
		return read_path(cell, row, column);
	case COLUMN_EXE:
		if (!record_unsigned(record, field, &bits) ||
		    bits == UNKNOWN_EXE)
			return false;
		read_program(cell, row);
		return true;
	case COLUMN_WORDS:
		return read_texts(cell, row, field, ' ');
	case COLUMN_LIST:
		return read_texts(cell, row, field, ',');
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
		return read_caller(cell, row, column, index);
	default:
		if (!record_unsigned(record, field, &bits) ||
		    !record_signed(record, field, &value))
			return false;
		set_integer(cell, row, column, bits, value);
		return true;
	}
}

char *put_cells(char *out, const struct row *row, const struct column *column,
		const char *between, bool backwards, cell_writer *put_cell)
{
	uint32_t count = column->kind == COLUMN_CALLERS
				 ? caller_count(column, row->record)
				 : column->count;
	char *start = out;
	struct cell cell;
	uint32_t i = 0;

	do { /* what is no array is one cell */
		uint32_t index = backwards ? count - 1 - i : i;

		if (!read_cell(&cell, row, column, index))
			set_word(&cell, CELL_NONE, "?");
		if (backwards && cell.kind == CELL_UNKNOWN)
			out = start; /* so are those before it */
		else if (i > 0)
			out = put_string(out, between);
		out = put_cell(out, column, &cell);
	} while (++i < count && (backwards || cell.kind != CELL_UNKNOWN));
	/* What put_cell() returns points into `out`, not into the cell. */
	// cppcheck-suppress returnDanglingLifetime
	return out;
}
