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

int program_btf_id(int program_fd)
{
	struct bpf_prog_info info = {0};
	int error = bpf_get_info(program_fd, &info, sizeof(info));

	return error ? error : (int)info.btf_id;
}

int btf_get_data(uint32_t btf_id, void *data, uint32_t size)
{
	struct bpf_btf_info info = {.btf = (uintptr_t)data, .btf_size = size};
	union bpf_attr attr;
	int error;
	int fd;

	clear_bpf_attr(&attr);
	attr.btf_id = btf_id;
	fd = bpf(BPF_BTF_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return fd;
	error = bpf_get_info(fd, &info, sizeof(info));
	close(fd);
	return error ? error : (int)info.btf_size;
}
