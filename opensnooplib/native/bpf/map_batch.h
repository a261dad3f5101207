/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of BPF map entries: bpf(2), BPF_MAP_LOOKUP_BATCH (since Linux 5.6).
 */
#ifndef OPENSNOOP_MAP_BATCH_H
#define OPENSNOOP_MAP_BATCH_H

#include <stdint.h>

/* How many entries the map can have, or a negative errno. */
int64_t map_capacity(int map_fd);

/*
 * Read all entries into arrays that have room for the map's capacity. Returns
 * how many there are, or a negative errno.
 */
int64_t map_read(int map_fd, void *keys, void *values, uint32_t capacity);

/* Delete `count` entries by their keys. Returns 0 or a negative errno. */
int map_delete(int map_fd, const void *keys, uint32_t count);

/* Set one value. Returns 0 or a negative errno. */
int map_set(int map_fd, const void *key, const void *value);

#endif
