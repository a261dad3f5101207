/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container: found by the path of its cgroup.
 */
#pragma once

#include "event/record.h"

/*
 * The container that a cgroup of this path belongs to, by the name that its
 * runtime shows: 12 digits of the ID for docker, podman, containerd and CRI-O;
 * the name for LXC and systemd-nspawn. It is part of the path, and empty if the
 * cgroup belongs to no container.
 */
struct text find_container(const char *path);
