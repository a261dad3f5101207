/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cell: the value of one column in one record, before it is written the way
 * of the table, of JSON or of CSV.
 */
#ifndef OPENSNOOP_CELL_H
#define OPENSNOOP_CELL_H

#include "rows/row_format.h"

/* The longest word: all flags of open(2) by name. */
#define CELL_WORD_SIZE 320

enum cell_kind {
	CELL_MISSING, /* the record is too short for the field */
	CELL_NONE,    /* there is no value; a table shows `word` */
	CELL_NUMBER,  /* in `word`; also true and false */
	CELL_WORD,    /* in `word`: harmless text of the tool's own */
	CELL_TEXT,    /* in `text`: untrusted */
	CELL_CALLER,  /* in `text`: untrusted, one of several */
	CELL_PATH_CUT,
	CELL_PATH_TOP_CUT,
	CELL_UNREADABLE, /* a path */
	CELL_BYTES,	 /* in `text`, to be shown as hex digits */
};

struct cell {
	enum cell_kind kind;
	struct text text;
	size_t word_size;
	char word[CELL_WORD_SIZE];
};

/* How many elements of an array are shown; 1 if the column is no array. */
uint32_t element_count(const struct row_format *format,
		       const struct column *column,
		       const struct record *record);

/* The cell of one element; `index` is 0 if the column is no array. */
void read_element(struct cell *cell, struct row_format *format,
		  const struct column *column, const struct record *record,
		  uint32_t index);

#endif
