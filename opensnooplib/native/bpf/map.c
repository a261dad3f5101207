// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/map.h"

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
