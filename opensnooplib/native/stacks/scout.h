/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scout: a helper that looks at processes and at what they have mapped.
 */
#ifndef OPENSNOOP_SCOUT_H
#define OPENSNOOP_SCOUT_H

#include "stacks/helper.h"
#include "stacks/mapped_file.h"

#define SCOUT_NAME_MAX 4096

struct scout {
	struct helper helper;
	char packet[HELPER_PACKET_MAX];
};

/* The function that holds some byte of a file. */
struct scout_function {
	int64_t changed;	   /* when the file was, in ns */
	uint64_t into;		   /* how far into the function the byte is */
	char name[SCOUT_NAME_MAX]; /* as the linker knows it; "": there is none
				    */
};

enum scouted {
	SCOUTED,
	NOT_SCOUTED,	 /* it takes too long */
	NOT_SCOUTED_NOW, /* the scout has used up its time: ask later */
};

void scout_init(struct scout *scout, struct own_processes *own);

/*
 * Who holds the byte at `offset` of the file. `looks`: whether that is the file
 * whose symbols were read.
 */
enum scouted scout_function(struct scout *scout, const struct mapped_file *file,
			    uint64_t offset, bool looks,
			    struct scout_function *found);

/*
 * The lines of proc_pid_maps(5) that are code: ask once, then take texts of
 * whole lines until an empty one; NULL where the scout has failed. A text is
 * the caller's until the next call.
 */
bool scout_ask_mappings(struct scout *scout, uint32_t pid);
char *scout_mappings(struct scout *scout);

#endif
