/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that a process has mapped, found by what the kernel says of it.
 *
 * Looking for it can take for ever, and so can reading it: the path goes
 * through what the process has mounted, and an overlay can be made of files
 * that some program serves. So a helper does all this.
 */
#ifndef OPENSNOOP_MAPPED_FILE_H
#define OPENSNOOP_MAPPED_FILE_H

#include <stdint.h>

struct mapped_file {
	uint32_t pid; /* who has mapped it, from `start` to `end` */
	uint64_t start;
	uint64_t end;
	uint64_t device; /* as makedev(3) makes it */
	uint64_t inode;
	const char *path; /* as the process sees it */
};

/*
 * To the file itself, without opening it: it could be a device by now.
 * Negative where it isn't found, or some other host or program serves it.
 */
int mapped_file_find(const struct mapped_file *file);

/* When it was changed, in ns. */
int64_t mapped_file_changed(int fd);

/* To be read. Negative where it can't be. */
int mapped_file_open(int fd);

#endif
