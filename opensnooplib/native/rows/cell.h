/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cell: the value of one column in one record, before it is written as the
 * table, JSON or CSV needs it.
 */
#pragma once

#include "base/put_string.h"
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

/* `end`: of what was written into the word. */
static inline void end_word(struct cell *cell, enum cell_kind kind,
			    const char *end)
{
	cell->kind = kind;
	cell->word_size = (size_t)(end - cell->word);
}

static inline void set_word(struct cell *cell, enum cell_kind kind,
			    const char *word)
{
	end_word(cell, kind, put_string(cell->word, word));
}

/* *text must last as long as the cell. */
static inline void set_text(struct cell *cell, const void *text, size_t size)
{
	cell->kind = CELL_TEXT;
	cell->text = (struct text){text, size};
	cell->state = PATH_WHOLE;
	cell->in_column = true;
}

/* The value of an integer field: its bits, and as a signed number. */
void set_integer(struct cell *cell, const struct row *row,
		 const struct column *column, uint64_t bits, int64_t value);

/* Write one cell as a table shows it, without padding, and return its end. */
cell_writer put_table_cell;
