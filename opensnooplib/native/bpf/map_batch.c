// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/map_batch.h"

#include "bpf/bpf_call.h"

int64_t map_capacity(int map_fd)
{
	struct bpf_map_info info;
	int error;

	memset(&info, 0, sizeof(info));
	error = bpf_get_info(map_fd, &info, sizeof(info));
	return error ? error : (int64_t)info.max_entries;
}

int64_t map_read(int map_fd, void *keys, void *values, uint32_t capacity)
{
	union bpf_attr attr;
	uint64_t position = 0; /* the kernel writes 4 bytes */
	int error;

	clear_bpf_attr(&attr);
	attr.batch.map_fd = (uint32_t)map_fd;
	attr.batch.out_batch = (uintptr_t)&position;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = capacity;
	error = bpf(BPF_MAP_LOOKUP_BATCH, &attr);
	/* ENOENT: these are all. 0: the arrays are full. */
	return error && error != -ENOENT ? error : (int64_t)attr.batch.count;
}

int map_delete(int map_fd, const void *keys, uint32_t count)
{
	union bpf_attr attr;

	if (count == 0)
		return 0;
	clear_bpf_attr(&attr);
	attr.batch.map_fd = (uint32_t)map_fd;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.count = count;
	return bpf(BPF_MAP_DELETE_BATCH, &attr);
}

int map_set(int map_fd, const void *key, const void *value)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}
