// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/map.h"

#include <stdlib.h>

#include "bpf/bpf_call.h"

int array_set_fd(int map_fd, uint32_t index, int fd)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&index;
	attr.value = (uintptr_t)&fd;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int map_insert(int map_fd, uint32_t key, uint64_t value)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	attr.flags = BPF_NOEXIST;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int map_remove(int map_fd, uint32_t key)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&key;
	return bpf(BPF_MAP_DELETE_ELEM, &attr);
}

int map_keys(int map_fd, uint32_t *keys, uint32_t capacity)
{
	union bpf_attr attr;
	uint32_t count = 0;
	int error = 0;

	while (count < capacity && !error) {
		clear_bpf_attr(&attr);
		attr.map_fd = (uint32_t)map_fd;
		attr.key = count ? (uintptr_t)&keys[count - 1] : 0;
		attr.next_key = (uintptr_t)&keys[count];
		error = bpf(BPF_MAP_GET_NEXT_KEY, &attr);
		count += !error;
	}
	return error && error != -ENOENT ? error : (int)count;
}

static int create_map(enum bpf_map_type type, uint32_t size)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.map_type = type;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint32_t);
	attr.max_entries = size;
	return bpf(BPF_MAP_CREATE, &attr);
}

int slots_create(uint32_t size)
{
	return create_map(BPF_MAP_TYPE_PROG_ARRAY, size);
}

int number_create(void)
{
	return create_map(BPF_MAP_TYPE_ARRAY, 1);
}

int slots_set(int map_fd, uint32_t index, int program_fd)
{
	union bpf_attr attr;
	int error;

	if (program_fd >= 0)
		return array_set_fd(map_fd, index, program_fd);
	clear_bpf_attr(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&index;
	error = bpf(BPF_MAP_DELETE_ELEM, &attr);
	return error == -ENOENT ? 0 : error;
}

int percpu_array_sum(int map_fd, uint32_t index, unsigned int possible_cpus,
		     uint64_t *sum)
{
	uint64_t *values = calloc(possible_cpus, sizeof(*values));
	union bpf_attr attr;
	int error;

	if (!values)
		return -ENOMEM;
	clear_bpf_attr(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&index;
	attr.value = (uintptr_t)values;
	error = bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	*sum = 0;
	for (unsigned int i = 0; i < possible_cpus; i++)
		*sum += values[i];
	free(values);
	return error;
}

int pinned_map_shape(const char *path, struct map_shape *shape)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr;
	int fd;
	int error;

	clear_bpf_attr(&attr);
	attr.pathname = (uintptr_t)path;
	fd = bpf(BPF_OBJ_GET, &attr);
	if (fd < 0)
		return fd;
	error = bpf_get_info(fd, &info, sizeof(info));
	close(fd);
	*shape = (struct map_shape){
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
	};
	return error;
}
