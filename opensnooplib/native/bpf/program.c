// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/program.h"

#include <stddef.h>

#include "bpf/bpf_call.h"

int program_misses(int program_fd, uint64_t *misses)
{
	/* recursion_misses, after run_cnt: older headers don't declare it. */
	const size_t offset = offsetof(struct bpf_prog_info, run_cnt) + 8;
	unsigned char info[512] = {0};
	int error = bpf_get_info(program_fd, info, sizeof(info));

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
	int error = bpf_get_info(program_fd, &info, sizeof(info));

	code->code_size = info.xlated_prog_len;
	code->lines_size = info.nr_line_info * line_size;
	code->btf_id = info.btf_id;
	return error;
}

int btf_open(uint32_t btf_id)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.btf_id = btf_id;
	return bpf(BPF_BTF_GET_FD_BY_ID, &attr);
}

int btf_get_data(int btf_fd, void *data, uint32_t size)
{
	struct bpf_btf_info info = {.btf = (uintptr_t)data, .btf_size = size};
	int error = bpf_get_info(btf_fd, &info, sizeof(info));

	return error ? error : (int)info.btf_size;
}
