/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cell: the value of one column in one record, before it is written the way
 * of the table, of JSON or of CSV.
 */
#ifndef OPENSNOOP_CELL_H
#define OPENSNOOP_CELL_H

#include <string.h>

#include "rows/row_format.h"

/* The longest word: all flags of open(2) by name. */
#define CELL_WORD_SIZE 320

enum cell_kind {
	CELL_MISSING, /* the record is too short for the field */
	CELL_NONE,    /* there is no value; a table shows `word` */
	CELL_NUMBER,  /* in `word`; also true and false */
	CELL_WORD,    /* in `word`: harmless text of our own */
	CELL_TEXT,    /* in `text`: anybody's */
	CELL_CALLER,  /* the same, one of several */
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

/* The column that element `index` of an array would be. */
struct column array_element(const struct column *column, uint32_t index);

/*
 * Is this the first of callers that are the one before it, over and over up to
 * the end, with no code there? A frame pointer points at itself, and who
 * called isn't known. In a replay, a deep recursion can't be told from that.
 */
bool callers_repeat_from(const struct row_format *format,
			 const struct column *column,
			 const struct record *record, uint32_t index);

/*
 * How many elements of an array are shown; 1 of what is none. Read each by its
 * index.
 */
uint32_t element_count(const struct row_format *format,
		       const struct column *column,
		       const struct record *record);
void read_element(struct cell *cell, struct row_format *format,
		  const struct column *column, const struct record *record,
		  uint32_t index);

/*
 * The column's cell, or those of an array with commas between; semicolons
 * between callers, whose names have commas.
 */
char *put_cells(char *out, struct row_format *format,
		const struct column *column, const struct record *record,
		char *(*put_cell)(char *out, const struct cell *cell));

/* As the table shows it. */
char *put_table_cell(char *out, const struct cell *cell);

/* The most bytes of text or hex digits that the column's cell can hold. */
size_t cell_text_bound(const struct row_format *format,
		       const struct column *column);

static inline char *put_bytes(char *out, const void *bytes, size_t size)
{
	memcpy(out, bytes, size);
	return out + size;
}

static inline char *put_string(char *out, const char *string)
{
	return put_bytes(out, string, strlen(string));
}

char *put_hex_bytes(char *out, const unsigned char *bytes, size_t size);

#endif
