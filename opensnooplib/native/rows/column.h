/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column: which field of a record it shows, and how the value is written.
 */
#pragma once

#include "event/record.h"

enum column_kind {
	COLUMN_UNSIGNED, /* integer of 1, 2, 4 or 8 bytes */
	COLUMN_SIGNED,
	COLUMN_TEXT,  /* char[] */
	COLUMN_BYTES, /* any other field, as hex digits */
	COLUMN_HEX,
	COLUMN_OCTAL,
	COLUMN_BOOL,	   /* false, true */
	COLUMN_ENUM,	   /* by name; a number without a name as it is */
	COLUMN_ERRNO,	   /* an errno, positive or negative, by name */
	COLUMN_NS,	   /* ns, shown as us with three decimals */
	COLUMN_USER,	   /* a uid, by name */
	COLUMN_GROUP,	   /* a gid, by name */
	COLUMN_CGROUP,	   /* a cgroup's id, as its path */
	COLUMN_CONTAINER,  /* a cgroup's id, as the container it belongs to */
	COLUMN_FD,	   /* ret: the descriptor, or -1 */
	COLUMN_ERR,	   /* ret: the errno, or 0 */
	COLUMN_ERRNAME,	   /* ret: the errno by name, or none */
	COLUMN_FLAGS,	   /* octal, 8 digits */
	COLUMN_FLAG_NAMES, /* O_RDWR|O_CREAT */
	COLUMN_MODE,	   /* octal, 4 digits; n/a if the flags ignore it */
	COLUMN_MODE_BITS,  /* the mode as a decimal number */
	COLUMN_PATH,
	/* A u64 of ns, CLOCK_MONOTONIC: */
	COLUMN_SECONDS, /* since the first row, to the microsecond */
	COLUMN_MONO,	/* as seconds */
	COLUMN_DELTA,	/* since the last row, as seconds */
	COLUMN_WALL,	/* the time of day */
	COLUMN_DATE,	/* date and time of day, RFC 3339 */
	/* An array of addresses, up to the first 0: */
	COLUMN_CALLERS,	  /* by function; a table has them below the row */
	COLUMN_SIGNED_NS, /* as COLUMN_NS, but it can be negative */
	COLUMN_OUTPUT,	  /* no field, but the name of symbol 0: who sent it */
	COLUMN_EXE,	  /* the program's path, which is behind the path */
	/* TEXTS_ROOM of optional_fields.h: */
	COLUMN_WORDS,	  /* with blanks between */
	COLUMN_LIST,	  /* with commas */
	COLUMN_DIRECTORY, /* the path, without its last part */
	COLUMN_KINDS
};

/* A number that has a name in C: an error, a flag of open(2), one of an enum.
 */
struct symbol {
	int64_t value;
	const char *name;
};

struct column {
	uint32_t kind;	    /* enum column_kind */
	struct field field; /* of an array: its first element */
	uint32_t count;	    /* of an array's elements; 0: it is no array */
	int32_t width;	    /* characters; left-aligned if negative */
	const char *name;   /* the key in JSON */
	/*
	 * Of the kinds that show names. Where two have one number, the first is
	 * shown. Flags of several bits come before their parts.
	 */
	const struct symbol *symbols;
	uint32_t symbol_count;
};

struct columns {
	const struct column *list;
	uint32_t count;
	bool color; /* a table shows failed opens in red */
};
