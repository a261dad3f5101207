// SPDX-License-Identifier: Apache-2.0
/*
 * Measures how many rows one core makes in a second, from records in memory.
 *
 *	row_speed table|json|csv ROWS
 *
 * prints rows for each second of processor time. The columns are those that
 * the tool shows when nothing else is asked for.
 */
#define _GNU_SOURCE /* clock_gettime */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rows/row.h"

/* The fields of struct event in bpf_src/event.h. */
struct event {
	uint64_t ts;
	uint32_t pid;
	uint32_t tid;
	uint32_t uid;
	int32_t ret;
	uint64_t flags;
	uint32_t mode;
	int32_t path_size;
	char comm[16];
	char path[4097];
};

#define FIELD(name)                                                            \
	{                                                                      \
		offsetof(struct event, name),                                  \
			sizeof(((struct event *)0)->name)                      \
	}
#define COLUMN(column_kind, field_name, column_width, key)                     \
	{                                                                      \
		.kind = COLUMN_##column_kind, .field = FIELD(field_name),      \
		.width = (column_width), .name = (key)                         \
	}

static const struct column table_columns[] = {
	COLUMN(UNSIGNED, pid, -6, "pid"), COLUMN(TEXT, comm, -16, "comm"),
	COLUMN(FD, ret, 4, "fd"),	  COLUMN(ERR, ret, 3, "err"),
	COLUMN(PATH, path, 0, "path"),
};

static const struct column data_columns[] = {
	COLUMN(UNSIGNED, ts, 0, "ts"),
	COLUMN(DATE, ts, 0, "time"),
	COLUMN(UNSIGNED, pid, 0, "pid"),
	COLUMN(UNSIGNED, tid, 0, "tid"),
	COLUMN(UNSIGNED, uid, 0, "uid"),
	COLUMN(SIGNED, ret, 0, "ret"),
	COLUMN(FD, ret, 0, "fd"),
	COLUMN(ERR, ret, 0, "err"),
	COLUMN(UNSIGNED, flags, 0, "flags"),
	COLUMN(MODE_BITS, mode, 0, "mode"),
	COLUMN(TEXT, comm, 0, "comm"),
	COLUMN(PATH, path, 0, "path"),
};

static const char *const paths[] = {
	"/etc/ld.so.cache",
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/usr/share/locale/C.UTF-8/LC_MESSAGES/coreutils.mo",
	"/proc/self/status",
};

#define RECORDS 1024

static size_t fill(struct event *event, unsigned int number)
{
	const char *path = paths[number % 4];

	*event = (struct event){
		.ts = 2407135750161 + 3000 * (uint64_t)number,
		.pid = 12000 + number % 100,
		.tid = 12000 + number % 100,
		.ret = number % 8 ? 3 + (int)(number % 40) : -2,
		.flags = 02000000,
		.path_size = (int32_t)strlen(path) + 1,
		.comm = "systemd-journal",
	};
	strcpy(event->path, path);
	return offsetof(struct event, path) + (size_t)event->path_size;
}

static double seconds_spent(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct event events[RECORDS];
	static struct record records[RECORDS];
	struct row_format format = {
		.layout = {.ts = FIELD(ts),
			   .pid = FIELD(pid),
			   .ret = FIELD(ret),
			   .flags = FIELD(flags),
			   .path_size = FIELD(path_size),
			   .path = FIELD(path)},
		.clock = {.wall_offset = 1700000000000000000},
	};
	struct columns columns = {
		.list = data_columns,
		.count = sizeof(data_columns) / sizeof(*data_columns),
	};
	struct row one = {.format = &format, .columns = &columns};
	row_writer *put_row = put_json_row;
	unsigned long rows, i;
	double began;
	char *row;

	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "csv") == 0) {
		put_row = put_csv_row;
	} else if (strcmp(argv[1], "table") == 0) {
		put_row = put_table_row;
		columns.list = table_columns;
		columns.count = sizeof(table_columns) / sizeof(*table_columns);
	}
	for (i = 0; i < RECORDS; i++) {
		records[i].data = (unsigned char *)&events[i];
		records[i].size = (uint32_t)fill(&events[i], (unsigned int)i);
	}
	rows = strtoul(argv[2], NULL, 10);
	row = malloc(longest_row(&format.layout, &columns));
	if (!row)
		return 1;
	began = seconds_spent();
	for (i = 0; i < rows; i++) {
		one.record = &records[i % RECORDS];
		put_row(row, &one);
	}
	printf("%.0f\n", (double)rows / (seconds_spent() - began));
	free(row);
	return 0;
}
