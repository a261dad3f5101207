/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the host has a file that was opened in another mount namespace, as in
 * a container: the same file system may be mounted on the host too.
 *
 * The kernel tells when mounts change, and it is asked every few milliseconds,
 * but only while there are such files: a container can start at any time.
 */
#ifndef OPENSNOOP_HOST_MOUNTS_H
#define OPENSNOOP_HOST_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/record.h"

struct host_mounts;

/*
 * Those that `mountinfo` lists, see proc(5); the string must live as long.
 * NULL without memory.
 */
struct host_mounts *host_mounts_new(const char *mountinfo);
void host_mounts_free(struct host_mounts *mounts);

/*
 * The host's path of what is `inside` the file system of this device, down
 * from its root; both are empty for a root. It is written to `room`. Returns
 * its end, NULL where the host has it nowhere, or it doesn't fit.
 */
char *host_path(struct host_mounts *mounts, uint32_t device, struct text inside,
		char *room, size_t size);

#endif
