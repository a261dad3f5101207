// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/kprobe_multi.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* BPF_F_KPROBE_MULTI_RETURN of linux/bpf.h, which older headers don't have. */
#define KPROBE_MULTI_RETURN 1

/* The link_create member of union bpf_attr, as far as it is used here. */
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
