/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host mounts: the host's path of a file that was opened in another mount
 * namespace, such as a container's. The same file system may be mounted on the
 * host too.
 *
 * A container can start at any time: so, while there are such files, the kernel
 * is asked every few milliseconds whether mounts have changed.
 */
#pragma once

#include "event/record.h"

struct host_mounts;

/*
 * The mounts that the file `mountinfo` lists: proc_pid_mountinfo(5). It is
 * opened now, and read when it is needed. NULL without memory.
 */
struct host_mounts *host_mounts_new(const char *mountinfo);
void host_mounts_free(struct host_mounts *mounts);

/*
 * Write the host's path of a file to `room`, of `size` bytes. The file is on
 * the file system of this device, and `inside` is its path from there on; a
 * root is empty in both paths. Returns the path's end; NULL if the host has the
 * file nowhere, or its path doesn't fit.
 */
char *host_path(struct host_mounts *mounts, uint32_t device, struct text inside,
		char *room, size_t size);
