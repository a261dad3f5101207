/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scout: a helper that reads the mappings of processes, and the functions of
 * the files that they have mapped.
 */
#ifndef OPENSNOOP_SCOUT_H
#define OPENSNOOP_SCOUT_H

#include "stacks/helper.h"
#include "stacks/mapped_file.h"

/* The function that contains some byte of a file. */
struct scout_function {
	int64_t changed; /* the file's modification time, in ns */
	uint64_t into;	 /* bytes from the function's start to that byte */
	char name[4096]; /* C++ names demangled, cut; "": no function */
};

/* So many mappings of one process are told; one more means: too many. */
#define SCOUT_MAPPINGS_MAX 8192

/* Lines of a proc_pid_maps(5), of code only. */
struct scout_lines {
	uint8_t are_last;
	char text[HELPER_PACKET_MAX - 1]; /* "": there are none */
};

struct scout {
	struct helper helper;
	/* Take an answer; NULL: the scout has failed. */
	void (*take_function)(void *context, const struct mapped_file *file,
			      uint64_t offset, bool recheck,
			      const struct scout_function *found);
	/* Lines may be written to. More may follow, unless they are the last.
	 */
	void (*take_mappings)(void *context, uint32_t pid,
			      struct scout_lines *lines);
	void *context;
};

/* The functions that take answers are the caller's to set. */
void scout_init(struct scout *scout, struct helpers *all);

/*
 * Find the function that contains the byte at `offset` of the file. With
 * `recheck`, the file's symbols are read again if it has changed. False: the
 * scout is busy. True: the answer was taken, or will be.
 */
bool scout_function(struct scout *scout, const struct mapped_file *file,
		    uint64_t offset, bool recheck);

/* Read a proc_pid_maps(5). Returns the same. */
bool scout_mappings(struct scout *scout, uint32_t pid);

#endif
