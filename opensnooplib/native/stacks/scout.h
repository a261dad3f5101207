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

/* The helper is added to `own`. */
void scout_init(struct helper *scout, struct own_processes *own);

/*
 * Ask for the function that contains the byte at `offset` of the file. With
 * `recheck`, the file's symbols are read again if it has changed. False: the
 * scout's time is used up.
 */
bool scout_ask_function(struct helper *scout, const struct mapped_file *file,
			uint64_t offset, bool recheck);

/* The function that was asked for. False: the scout has failed. */
bool scout_function(struct helper *scout, struct scout_function *found);

/*
 * Ask for the lines of proc_pid_maps(5). False: the scout's time is used up.
 */
bool scout_ask_mappings(struct helper *scout, uint32_t pid);

/*
 * One text of whole lines that were asked for; an empty one is the last. The
 * caller may write to it until the next call. NULL: the scout has failed.
 */
char *scout_mappings(struct helper *scout);

#endif
