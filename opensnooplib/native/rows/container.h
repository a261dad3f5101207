/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container: found by the path of its cgroup.
 */
#ifndef OPENSNOOP_CONTAINER_H
#define OPENSNOOP_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The container that a cgroup of this path belongs to, by the name that its
 * runtime shows: 12 digits of the ID for docker, podman, containerd and CRI-O;
 * the name for LXC and systemd-nspawn. *name points into the path. Returns
 * false if the cgroup belongs to no container.
 */
bool find_container(const char *path, const char **name, size_t *size);

#endif
