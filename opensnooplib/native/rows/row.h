/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row: a record as the line that stands for it, in each format.
 */
#pragma once

#include "rows/row_format.h"

/* What is made of a record: a row, or from ROW_BLOCK on, none. */
enum row_kind {
	ROW_TABLE,
	ROW_JSON,
	ROW_CSV,
	ROW_FOLDED,
	ROW_RAW_PATH,
	ROW_BLOCK,   /* the record itself, for a recording */
	ROW_COUNTED, /* the record is counted */
	ROW_LINE,    /* a line of bpf_trace_printk(), for stderr */
};

/*
 * Writes the row at `out`, line end included, and returns its end. `out` has
 * room for longest_row() bytes. The ones below are such functions.
 */
typedef char *row_writer(char *out, const struct row *row);

/*
 * A table's row: one line. The last column is not padded, and columns are at
 * least one space apart. A value for which the record is too short is "?".
 * Callers follow, each in a line that begins with a tab.
 */
row_writer put_table_row;

/* One object in one line; a value for which the record is too short is null. */
row_writer put_json_row;

/*
 * One line, as RFC 4180 has it. Text is quoted as in a table; a cell without a
 * value is empty, and so is one for which the record is too short.
 */
row_writer put_csv_row;

/*
 * A line of frames for a flame graph, the outermost first, with the count 1:
 * "cat;/;etc;passwd 1". Of a path, each directory is a frame.
 */
row_writer put_folded_row;

/* The path as it is, with a NUL; nothing unless it is whole. */
row_writer put_raw_path;

/* The one for each kind that is a row. */
extern row_writer *const row_writers[ROW_BLOCK];

/* The most bytes that one row can take, of whichever of these kinds. */
size_t longest_row(const struct layout *layout, const struct columns *columns);
