/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of BPF map entries: bpf(2), BPF_MAP_LOOKUP_BATCH (since Linux 5.6).
 */
#ifndef OPENSNOOP_MAP_BATCH_H
#define OPENSNOOP_MAP_BATCH_H

#include <stdint.h>

struct hash_count {
	uint64_t entries;
	uint64_t flagged;
};

/*
 * Count the entries of a hash map, and those that are flagged: of whose value
 * one of the `flag_size` bytes at `flag_offset` isn't 0 (all entries, if
 * flag_size is 0). Returns 0 or a negative errno.
 */
int hash_count(int map_fd, uint32_t key_size, uint32_t value_size,
	       uint32_t flag_offset, uint32_t flag_size,
	       struct hash_count *count);

#endif
