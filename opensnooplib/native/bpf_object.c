// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bpf_object.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdio.h>
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

int pinned_map_shape(const char *path, struct map_shape *shape)
{
	union bpf_attr get = {.pathname = (uintptr_t)path};
	struct bpf_map_info info = {0};
	union bpf_attr look = {
		.info = {.info_len = sizeof(info), .info = (uintptr_t)&info},
	};
	long fd = syscall(SYS_bpf, BPF_OBJ_GET, &get, sizeof(get));
	int error;

	if (fd < 0)
		return -errno;
	look.info.bpf_fd = (uint32_t)fd;
	error = bpf(BPF_OBJ_GET_INFO_BY_FD, &look);
	close((int)fd);
	*shape = (struct map_shape){
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
	};
	return error;
}

int program_refusal(uint32_t type, uint32_t attach_type, uint32_t attach_btf_id)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach_type,
		.attach_btf_id = attach_btf_id,
		.insns = (uintptr_t)nothing,
		.insn_cnt = sizeof(nothing) / sizeof(nothing[0]),
		.license = (uintptr_t) "GPL",
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* The number of a PMU: Documentation/ABI/testing/sysfs-bus-event_source. */
static int pmu_type(const char *name)
{
	char path[128];
	FILE *file;
	int type = -1;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type",
		 name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &type) != 1)
		type = -EINVAL;
	fclose(file);
	return type;
}

int kprobe_refusal(const char *function)
{
	int type = pmu_type("kprobe");
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.kprobe_func = (uintptr_t)function,
	};
	long fd;

	if (type < 0)
		return type;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1,
		     PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}
