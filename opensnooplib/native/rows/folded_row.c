// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memmem */

#include "base/put_string.h"
#include "rows/column_cells.h"
#include "rows/quoting.h"
#include "rows/row.h"

/*
 * One frame. A name can hold what separates them, which is then escaped, or end
 * as "file 12" does: flamegraph.pl takes such a number for a second count.
 */
static char *put_frame(char *out, const unsigned char *bytes, size_t size,
		       bool cut)
{
	if (memchr(bytes, ';', size) ||
	    (memchr(bytes, ' ', size) &&
	     strchr(".0123456789", bytes[size - 1])))
		return put_shell_quoted(out, bytes, size, cut, false, ';');
	return put_shell_text(out, bytes, size, cut, false);
}

/* "/etc/passwd" as "/;etc;passwd": each part is quoted by itself. */
static char *put_path(char *out, const unsigned char *path,
		      const unsigned char *end, bool cut)
{
	const char *begin = out;
	const unsigned char *slash;

	if (path < end && *path == '/')
		*out++ = '/';
	for (; path < end; path = slash + 1) {
		slash = memchr(path, '/', (size_t)(end - path));
		if (!slash)
			slash = end;
		if (slash == path) /* "//" */
			continue;
		if (out > begin)
			*out++ = ';';
		out = put_frame(out, path, (size_t)(slash - path),
				cut && slash + 1 >= end);
	}
	return out;
}

/*
 * The function alone, as calls from two lines of it are one frame; the file
 * where that isn't known, as its address differs from process to process.
 */
static struct text function_of(struct text caller)
{
	const unsigned char *file = memchr(caller.bytes, '(', caller.size);
	const unsigned char *end = caller.bytes + caller.size;
	const unsigned char *offset;

	if (file && file + 1 < end && memcmp(caller.bytes, "0x", 2) == 0) {
		caller.bytes = file + 1;
		caller.size = (size_t)(end - 1 - caller.bytes);
	}
	offset = memmem(caller.bytes, caller.size, "+0x", 3);
	if (offset)
		caller.size = (size_t)(offset - caller.bytes);
	return caller;
}

static char *put_frames(char *out, const struct column *column,
			const struct cell *cell)
{
	const bool cut = cell->state == PATH_CUT;
	struct text text = cell->text;

	if (cell->kind != CELL_TEXT)
		return put_table_cell(out, column, cell);
	if (column->kind == COLUMN_PATH || column->kind == COLUMN_DIRECTORY)
		return put_path(out, text.bytes, text.bytes + text.size, cut);
	if (column->kind == COLUMN_CALLERS)
		text = function_of(text);
	return put_frame(out, text.bytes, text.size, cut);
}

char *put_folded_row(char *out, const struct row *row)
{
	const struct columns *columns = row->columns;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->list[i];
		const bool are_callers = column->kind == COLUMN_CALLERS;

		out = put_cells(out, row, column, ";", are_callers, put_frames);
		if (i + 1 < columns->count)
			*out++ = ';';
	}
	return put_string(out, " 1\n");
}
