/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row format: the columns of a row, and what is kept from one row to the next.
 */
#pragma once

#include "event/full_path.h"
#include "rows/clock.h"
#include "rows/column.h"
#include "rows/id_names.h"
#include "stacks/callers.h"

struct row_format {
	struct layout layout;
	const struct column *columns;
	uint32_t column_count;
	bool color; /* a table shows failed opens in red */

	uint64_t first_ts; /* ns, of the first row: for COLUMN_SECONDS */
	uint64_t last_ts;  /* ns, of the last row: for COLUMN_DELTA */
	struct clock clock;
	struct names names;
	struct callers *callers; /* NULL: callers are shown as addresses */
	/* NULL: records are of another host or time. */
	struct host_mounts *host_mounts;
	char path_room[FULL_PATH_ROOM];
};
