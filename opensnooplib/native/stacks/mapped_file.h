/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapped file: a file that a process has mapped, found by what the kernel
 * reports of it.
 *
 * To find it or to read it can take forever: the path leads through the mounts
 * of the process, and an overlay can consist of files that some program serves.
 * So a helper does all this.
 */
#pragma once

#include <stdint.h>

struct mapped_file {
	uint32_t module; /* the id of its module: mapped_module.h */
	uint32_t pid;	 /* of the process that has mapped it */
	uint64_t start;
	uint64_t end;
	uint64_t device; /* as of makedev(3) */
	uint64_t inode;
	char path[4096]; /* as the process sees it */
};

/*
 * Open the file for reading; *changed is its modification time, in ns. Returns
 * a descriptor; negative if the file isn't found, or another host or a program
 * serves it.
 */
int mapped_file_open(const struct mapped_file *file, int64_t *changed);
