/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cell: the value of one column in one record, before it is written as the
 * table, JSON or CSV needs it.
 */
#pragma once

#include "rows/row_format.h"

/* The longest word: all flags of open(2) by name. */
#define CELL_WORD_SIZE 320

enum cell_kind {
	CELL_NONE,	 /* there is no value; a table shows `word` */
	CELL_NUMBER,	 /* in `word`; also true and false */
	CELL_WORD,	 /* in `word`: harmless text of the tool's own */
	CELL_TEXT,	 /* in `text`: untrusted */
	CELL_UNREADABLE, /* a path; `word` says so */
	CELL_UNKNOWN,	 /* all callers from here on; `word` says so */
	CELL_BYTES,	 /* in `text`, to be shown as hex digits */
};

struct cell {
	enum cell_kind kind;
	struct text text;
	/* Of a CELL_TEXT: */
	enum path_state state;
	bool in_column; /* other columns follow, see put_shell_text() */
	size_t word_size;
	char word[CELL_WORD_SIZE];
};

typedef char *cell_writer(char *out, const struct column *column,
			  const struct cell *cell);

/*
 * Write the column's cells with `put_cell`, and return their end. They are
 * several for an array, with `between` between any two.
 */
char *put_cells(char *out, struct row_format *format,
		const struct column *column, const struct record *record,
		const char *between, cell_writer *put_cell);

/* Write one cell as a table shows it, without padding, and return its end. */
cell_writer put_table_cell;
