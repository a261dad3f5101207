// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bpf/map_batch.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

int64_t map_capacity(int map_fd)
{
	struct bpf_map_info info;
	union bpf_attr attr;
	int error;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)map_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	error = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	return error ? error : (int64_t)info.max_entries;
}

int64_t map_read(int map_fd, void *keys, void *values, uint32_t capacity)
{
	union bpf_attr attr;
	uint64_t place = 0; /* the kernel's own, of 4 bytes */
	int error;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)map_fd;
	attr.batch.out_batch = (uintptr_t)&place;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = capacity;
	error = bpf(BPF_MAP_LOOKUP_BATCH, &attr);
	/* ENOENT: that was all. 0 means that there is no room for more. */
	return error && error != -ENOENT ? error : (int64_t)attr.batch.count;
}

int map_delete(int map_fd, const void *keys, uint32_t count)
{
	union bpf_attr attr;

	if (count == 0)
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)map_fd;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.count = count;
	return bpf(BPF_MAP_DELETE_BATCH, &attr);
}

int map_set(int map_fd, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int await_programs(bool may_be_preempted)
{
	/* Many times what a program takes. */
	struct timespec left = {.tv_nsec = 100 * 1000 * 1000};

	/* It waits for RCU; where nohz_full is on, it can't. */
	if (!may_be_preempted &&
	    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
		return 0;
	while (nanosleep(&left, &left) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}
