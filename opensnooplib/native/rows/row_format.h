/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: one line of text for one record, as a table, JSON or CSV.
 */
#ifndef OPENSNOOP_ROW_FORMAT_H
#define OPENSNOOP_ROW_FORMAT_H

#include "stacks/callers.h"
#include "rows/clock.h"
#include "event/path_names.h"
#include "rows/id_names.h"
#include "event/record.h"
#include "rows/number_names.h"

/* How the value of a column is read from its field, and how it is written. */
enum column_kind {
	COLUMN_UNSIGNED, /* integer of 1, 2, 4 or 8 bytes */
	COLUMN_SIGNED,
	COLUMN_TEXT,  /* char[] */
	COLUMN_BYTES, /* anything else, as hex digits */
	COLUMN_HEX,   /* integer of 1, 2, 4, 8 or 16 bytes */
	COLUMN_OCTAL,
	COLUMN_BOOL,	   /* false, true */
	COLUMN_ENUM,	   /* its name; a number that has none as it is */
	COLUMN_ERRNO,	   /* an errno, or a negative one, by name */
	COLUMN_NS,	   /* ns, shown as us with three decimals */
	COLUMN_USER,	   /* a uid, by name */
	COLUMN_GROUP,	   /* a gid, by name */
	COLUMN_CGROUP,	   /* a cgroup's id, as its path */
	COLUMN_CONTAINER,  /* a cgroup's id, as the container that it is of */
	COLUMN_FD,	   /* ret: the descriptor, or -1 */
	COLUMN_ERR,	   /* ret: the errno, or 0 */
	COLUMN_ERRNAME,	   /* ret: the errno by name, or none */
	COLUMN_FLAGS,	   /* octal, 8 digits */
	COLUMN_FLAG_NAMES, /* O_RDWR|O_CREAT */
	COLUMN_MODE,	   /* octal, 4 digits; n/a where the flags ignore it */
	COLUMN_MODE_BITS,  /* the same as a decimal number */
	COLUMN_PATH,
	/* A u64 of ns, CLOCK_MONOTONIC: */
	COLUMN_SECONDS, /* since the first row's, to the microsecond */
	COLUMN_MONO,	/* as seconds */
	COLUMN_DELTA,	/* since the last row's, as seconds */
	COLUMN_WALL,	/* the time of day */
	COLUMN_DATE,	/* date and time of day, RFC 3339 */
	/* An array of addresses, up to the first 0: */
	COLUMN_CALLERS,	  /* who is there; a table has them below the row */
	COLUMN_SIGNED_NS, /* as COLUMN_NS, of what can be negative */
	COLUMN_KINDS
};

struct column {
	uint32_t kind; /* enum column_kind */
	struct field field;
	uint32_t count; /* of an array's elements, `field` is the first; or 0 */
	int32_t width;	/* characters; left-aligned if negative */
	const char *name;	      /* the key in JSON */
	const struct symbol *symbols; /* of COLUMN_ENUM */
	uint32_t symbol_count;
};

struct row_format {
	struct layout layout;
	const struct column *columns;
	uint32_t column_count;
	bool color; /* failed opens stand out, in a table */

	/* What rows have in common, kept from one to the next. */
	uint64_t first_ts; /* ns, for COLUMN_SECONDS */
	uint64_t last_ts;  /* ns, for COLUMN_DELTA */
	struct clock clock;
	struct names names;
	struct callers *callers;	 /* NULL: their addresses are shown */
	struct host_mounts *host_mounts; /* NULL: not of this host and time */
	char path_room[FULL_PATH_ROOM];
};

/* The most bytes that one row can take, its newline included. */
size_t table_row_bound(const struct row_format *format);
size_t json_row_bound(const struct row_format *format);
size_t csv_row_bound(const struct row_format *format);

/*
 * Write one row, newline included, and return its end. `out` has room for the
 * bound. A value that the record is too short for is "?", null or empty.
 */

/* The last column is not padded, and columns stand one space apart at least. */
char *put_table_row(char *out, struct row_format *format,
		    const struct record *record);
/* One object. */
char *put_json_row(char *out, struct row_format *format,
		   const struct record *record);
/* RFC 4180. Text as in the table; no value is an empty cell. */
char *put_csv_row(char *out, struct row_format *format,
		  const struct record *record);

#endif
