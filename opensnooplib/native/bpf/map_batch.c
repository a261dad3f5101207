// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/map_batch.h"

#include <stdbool.h>
#include <stdlib.h>

#include "bpf/bpf_call.h"

/* Entries that one call looks up; no bucket of the hash map has more. */
#define LOOKUP_BATCH 256

static bool any_set(const unsigned char *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (bytes[i])
			return true;
	return size == 0;
}

int hash_count(int map_fd, uint32_t key_size, uint32_t value_size,
	       uint32_t flag_offset, uint32_t flag_size,
	       struct hash_count *count)
{
	uint64_t position[2] = {0}; /* larger than what the kernel writes */
	unsigned char *keys = calloc(LOOKUP_BATCH, key_size);
	unsigned char *values = calloc(LOOKUP_BATCH, value_size);
	int error = keys && values ? 0 : -ENOMEM;
	bool is_first = true;
	union bpf_attr attr;

	*count = (struct hash_count){0};
	while (!error) {
		clear_bpf_attr(&attr);
		attr.batch.map_fd = (uint32_t)map_fd;
		attr.batch.in_batch = is_first ? 0 : (uintptr_t)position;
		attr.batch.out_batch = (uintptr_t)position;
		attr.batch.keys = (uintptr_t)keys;
		attr.batch.values = (uintptr_t)values;
		attr.batch.count = LOOKUP_BATCH;
		error = bpf(BPF_MAP_LOOKUP_BATCH, &attr);
		is_first = false;
		if (error && error != -ENOENT)
			break;
		count->entries += attr.batch.count;
		for (uint32_t i = 0; i < attr.batch.count; i++)
			count->flagged += any_set(
				values + (size_t)i * value_size + flag_offset,
				flag_size);
	}
	free(keys);
	free(values);
	return error == -ENOENT ? 0 : error; /* ENOENT: these were the last */
}
