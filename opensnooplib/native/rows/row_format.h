/* SPDX-License-Identifier: Apache-2.0 */
/* Row format: what is kept from one row to the next. */
#pragma once

#include "event/full_path.h"
#include "rows/clock.h"
#include "rows/column.h"
#include "rows/id_names.h"
#include "stacks/callers.h"

struct row_format {
	struct layout layout;
	uint64_t first_ts; /* ns, of the first row: for COLUMN_SECONDS */
	uint64_t last_ts;  /* ns, of the last row: for COLUMN_DELTA */
	struct clock clock;
	struct names names;
	struct callers *callers; /* NULL: callers are shown as addresses */
	/* NULL: records are of another host or time. */
	struct host_mounts *host_mounts;
	char path_room[FULL_PATH_ROOM];
};

/* One row: these columns of the record. */
struct row {
	struct row_format *format;
	const struct columns *columns;
	const struct record *record;
};
