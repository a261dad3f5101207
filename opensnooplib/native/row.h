/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: one line of text for one record.
 */
#ifndef OPENSNOOP_ROW_H
#define OPENSNOOP_ROW_H

#include "record.h"

enum column_kind {
	COLUMN_UNSIGNED, /* integer of 1, 2, 4 or 8 bytes */
	COLUMN_SIGNED,
	COLUMN_TEXT,	/* char[] */
	COLUMN_BYTES,	/* anything else, as hex digits */
	COLUMN_SECONDS, /* u64, ns: since the first row's, to the microsecond */
	COLUMN_FD,	/* ret: the descriptor, or -1 */
	COLUMN_ERR,	/* ret: the errno, or 0 */
	COLUMN_FLAGS,	/* octal, 8 digits */
	COLUMN_MODE,	/* octal, 4 digits; n/a where the flags ignore it */
	COLUMN_PATH,
	COLUMN_KINDS
};

#define COLUMN_NAME_SIZE 64

struct column {
	uint32_t kind; /* enum column_kind */
	struct field field;
	int32_t width;		     /* characters; left-aligned if negative */
	char name[COLUMN_NAME_SIZE]; /* the key in JSON, NUL-terminated */
};

struct row_format {
	struct layout layout;
	const struct column *columns;
	uint32_t column_count;
	uint64_t first_ts; /* ns, for COLUMN_SECONDS */
};

/* The most bytes that one row can take, its newline included. */
size_t table_row_bound(const struct row_format *format);
size_t json_row_bound(const struct row_format *format);

/*
 * Write one row, newline included, and return its end. `out` has room for the
 * bound. A number that the record is too short for is "?" or null. The table's
 * last column is not padded, and columns stand at least one space apart.
 */
char *put_table_row(char *out, const struct row_format *format,
		    const struct record *record);
char *put_json_row(char *out, const struct row_format *format,
		   const struct record *record);

#endif
