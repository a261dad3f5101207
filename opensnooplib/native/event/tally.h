/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tally: the counts of records that a summary shows.
 */
#pragma once

#include "base/hash_map.h"
#include "event/full_path.h"

/* Powers of two, in ns, by which the time that an open took is counted. */
#define TALLY_POWERS 64

/* Counts of one file, by its path, or of one group, by its row (a line). */
struct tally_entry {
	uint64_t cut; /* not 0: the path is longer than what is known of it */
	uint64_t opened;
	uint64_t failed;
	uint64_t missing; /* failed since there is no such file */
	uint64_t slowest; /* ns; of those whose latency is known */
};

struct tally_table {
	struct hash_map entries;
	uint64_t no_place; /* opens for which there is no entry left */
};

struct tally {
	struct tally_table files;
	struct tally_table groups;	    /* of --by or --once */
	uint64_t errors[LARGEST_ERRNO + 1]; /* 0 stands for what is none */
	uint64_t times[TALLY_POWERS]; /* of opens whose latency is known */
	uint64_t opened;	      /* all, also those that failed */
	uint64_t unreadable;
	uint64_t unsure;     /* with an unknown result */
	uint64_t until;	     /* ns; a later record isn't counted; 0: no limit */
	uint64_t stopped_at; /* ns; the time of the first such record, or 0 */
};

/*
 * Set all to 0, and free the memory. From then on there are `room` bytes for
 * files, and as many for groups.
 */
void tally_clear(struct tally *tally, size_t room);

/*
 * Count the record, also in its group if that isn't empty; `mounts` and
 * `path_room` as in full_path(). False: it isn't counted, because of `until`.
 */
bool tally_record(struct tally *tally, const struct layout *layout,
		  struct host_mounts *mounts, char *path_room,
		  const struct record *record, struct text group);

/*
 * Count a record in its group alone. Is it the first of that? Yes, too, if
 * there is no room to know.
 */
bool tally_first(struct tally *tally, struct text group);
