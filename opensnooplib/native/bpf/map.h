/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF maps: how the rings get into the map of the C.
 */
#pragma once

#include <stdint.h>

/*
 * Put a descriptor into an array of descriptors: a perf event at the index of
 * its CPU. Returns 0 or a negative errno.
 */
int array_set_fd(int map_fd, uint32_t index, int fd);
