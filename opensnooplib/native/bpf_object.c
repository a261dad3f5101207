// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bpf_object.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

int perf_array_set(int map_fd, uint32_t cpu, int event_fd)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map_fd,
		.key = (uintptr_t)&cpu,
		.value = (uintptr_t)&event_fd,
	};

	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int percpu_array_sum(int map_fd, uint32_t index, unsigned int possible_cpus,
		     uint64_t *sum)
{
	uint64_t *values = calloc(possible_cpus, sizeof(*values));
	union bpf_attr attr = {
		.map_fd = (uint32_t)map_fd,
		.key = (uintptr_t)&index,
		.value = (uintptr_t)values,
	};
	int error;

	if (!values)
		return -ENOMEM;
	error = bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	*sum = 0;
	for (unsigned int i = 0; i < possible_cpus; i++)
		*sum += values[i];
	free(values);
	return error;
}

int program_misses(int program_fd, uint64_t *misses)
{
	/* Follows run_cnt; the headers that we build with can be older. */
	const size_t offset = offsetof(struct bpf_prog_info, run_cnt) + 8;
	unsigned char info[512] = {0};
	union bpf_attr attr = {
		.info =
			{
				.bpf_fd = (uint32_t)program_fd,
				.info_len = sizeof(info),
				.info = (uintptr_t)info,
			},
	};
	int error = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);

	memcpy(misses, info + offset, sizeof(*misses));
	return error;
}
