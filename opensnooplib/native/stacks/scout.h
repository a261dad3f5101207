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

/* Lines of a proc_pid_maps(5). */
struct scout_lines {
	bool are_last;
	char text[HELPER_PACKET_MAX - 1]; /* "": there are none */
};

/* The helper is added to `own`. */
void scout_init(struct helper *scout, struct own_processes *own);

/*
 * Find the function that contains the byte at `offset` of the file. With
 * `recheck`, the file's symbols are read again if it has changed. Returns a
 * positive number; 0: the scout's time is used up; negative: it has failed.
 */
ssize_t scout_function(struct helper *scout, const struct mapped_file *file,
		       uint64_t offset, bool recheck,
		       struct scout_function *found);

/*
 * The first lines of a proc_pid_maps(5), or those after the last ones that were
 * asked for. The caller may write to the text until the next call. NULL: the
 * scout has failed, or its time is used up.
 */
struct scout_lines *scout_mappings(struct helper *scout, uint32_t pid,
				   bool first);

#endif
