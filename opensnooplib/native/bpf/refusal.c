// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/refusal.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>

#include "bpf/bpf_call.h"
#include "bpf/kprobe_multi.h"

/* Load a program that does nothing: a descriptor or a negative errno. */
static int load_nothing(uint32_t type, uint32_t attach_type,
			uint32_t attach_btf_id)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	clear_bpf_attr(&attr);
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

/* A PMU's number: Documentation/ABI/testing/sysfs-bus-event_source. */
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
		.config1 = (uintptr_t)target, /* kprobe_func or uprobe_path */
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
