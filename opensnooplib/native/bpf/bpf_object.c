// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bpf/bpf_object.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * All of the union is zero but what the caller sets: the kernel checks, and
 * an initialiser need not zero more than its member (GCC 15).
 */
static void clear(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

static int get_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr;

	clear(&attr);
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = size;
	attr.info.info = (uintptr_t)info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int array_set_fd(int map_fd, uint32_t slot, int fd)
{
	union bpf_attr attr;

	clear(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&slot;
	attr.value = (uintptr_t)&fd;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int map_insert(int map_fd, uint32_t key, uint64_t value)
{
	union bpf_attr attr;

	clear(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	attr.flags = BPF_NOEXIST;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int map_remove(int map_fd, uint32_t key)
{
	union bpf_attr attr;

	clear(&attr);
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
		clear(&attr);
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

	clear(&attr);
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

int slots_set(int map_fd, uint32_t slot, int program_fd)
{
	union bpf_attr attr;
	int error;

	if (program_fd >= 0)
		return array_set_fd(map_fd, slot, program_fd);
	clear(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&slot;
	error = bpf(BPF_MAP_DELETE_ELEM, &attr);
	return error == -ENOENT ? 0 : error;
}

/* How many entries are looked at in one call; more than a bucket has. */
#define BATCH 256

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
	uint64_t place[2] = {0}; /* as large as the kernel needs it, and more */
	unsigned char *keys = calloc(BATCH, key_size);
	unsigned char *values = calloc(BATCH, value_size);
	int error = keys && values ? 0 : -ENOMEM;
	bool is_first = true;
	union bpf_attr attr;

	*count = (struct hash_count){0};
	while (!error) {
		clear(&attr);
		attr.batch.map_fd = (uint32_t)map_fd;
		attr.batch.in_batch = is_first ? 0 : (uintptr_t)place;
		attr.batch.out_batch = (uintptr_t)place;
		attr.batch.keys = (uintptr_t)keys;
		attr.batch.values = (uintptr_t)values;
		attr.batch.count = BATCH;
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
	return error == -ENOENT ? 0 : error; /* which says: the last ones */
}

int percpu_array_sum(int map_fd, uint32_t index, unsigned int possible_cpus,
		     uint64_t *sum)
{
	uint64_t *values = calloc(possible_cpus, sizeof(*values));
	union bpf_attr attr;
	int error;

	if (!values)
		return -ENOMEM;
	clear(&attr);
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

int program_misses(int program_fd, uint64_t *misses)
{
	/* Follows run_cnt; the headers that we build with can be older. */
	const size_t offset = offsetof(struct bpf_prog_info, run_cnt) + 8;
	unsigned char info[512] = {0};
	int error = get_info(program_fd, info, sizeof(info));

	memcpy(misses, info + offset, sizeof(*misses));
	return error;
}

int program_get_code(int program_fd, struct program_code *code)
{
	const uint32_t line_size = sizeof(struct bpf_line_info);
	struct bpf_prog_info info = {
		.xlated_prog_insns = (uintptr_t)code->code,
		.xlated_prog_len = code->code_size,
		.line_info = (uintptr_t)code->lines,
		.nr_line_info = code->lines_size / line_size,
		.line_info_rec_size = line_size,
	};
	int error = get_info(program_fd, &info, sizeof(info));

	code->code_size = info.xlated_prog_len;
	code->lines_size = info.nr_line_info * line_size;
	code->btf_id = info.btf_id;
	return error;
}

int btf_get_data(uint32_t btf_id, void *data, uint32_t size)
{
	struct bpf_btf_info info = {.btf = (uintptr_t)data, .btf_size = size};
	union bpf_attr attr;
	int error;
	int fd;

	clear(&attr);
	attr.btf_id = btf_id;
	fd = bpf(BPF_BTF_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return fd;
	error = get_info(fd, &info, sizeof(info));
	close(fd);
	return error ? error : (int)info.btf_size;
}

int pinned_map_shape(const char *path, struct map_shape *shape)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr;
	int fd;
	int error;

	clear(&attr);
	attr.pathname = (uintptr_t)path;
	fd = bpf(BPF_OBJ_GET, &attr);
	if (fd < 0)
		return fd;
	error = get_info(fd, &info, sizeof(info));
	close(fd);
	*shape = (struct map_shape){
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
	};
	return error;
}

/* A program that does nothing: its descriptor, or a negative errno. */
static int load_nothing(uint32_t type, uint32_t attach_type,
			uint32_t attach_btf_id)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	clear(&attr);
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.attach_btf_id = attach_btf_id;
	attr.insns = (uintptr_t)nothing;
	attr.insn_cnt = sizeof(nothing) / sizeof(nothing[0]);
	attr.license = (uintptr_t) "GPL";
	return bpf(BPF_PROG_LOAD, &attr);
}

int program_refusal(uint32_t type, uint32_t attach_type, uint32_t attach_btf_id)
{
	int fd = load_nothing(type, attach_type, attach_btf_id);

	if (fd < 0)
		return fd;
	close(fd);
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

int probe_refusal(const char *pmu, const char *target)
{
	int type = pmu_type(pmu);
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config1 = (uintptr_t)target, /* kprobe_func, uprobe_path */
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

/* Of include/uapi/linux/bpf.h; the one that we build with can be older. */
#define TRACE_KPROBE_MULTI  42
#define KPROBE_MULTI_RETURN 1

struct kprobe_multi_link {
	uint32_t program_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t link_flags;
	uint32_t flags;
	uint32_t count;
	uint64_t symbols;
	uint64_t addresses;
	uint64_t cookies;
};

int kprobe_multi_attach(int program_fd, const char *function, bool at_return)
{
	const char *symbols[] = {function};
	struct kprobe_multi_link link = {
		.program_fd = (uint32_t)program_fd,
		.attach_type = TRACE_KPROBE_MULTI,
		.flags = at_return ? KPROBE_MULTI_RETURN : 0,
		.count = 1,
		.symbols = (uintptr_t)symbols,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link));

	return fd < 0 ? -errno : (int)fd;
}

int kprobe_multi_refusal(const char *function)
{
	int program = load_nothing(BPF_PROG_TYPE_KPROBE, TRACE_KPROBE_MULTI, 0);
	int link;

	if (program < 0)
		return program;
	link = kprobe_multi_attach(program, function, true);
	close(program);
	if (link < 0)
		return link;
	close(link);
	return 0;
}
