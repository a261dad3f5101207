/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bpf(2) system call, which libc doesn't wrap.
 */
#ifndef OPENSNOOP_BPF_CALL_H
#define OPENSNOOP_BPF_CALL_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Zero the whole union, before the caller sets some members: the kernel refuses
 * other bytes that aren't zero, and an initialiser may leave those that are not
 * part of its member (GCC 15).
 */
static inline void clear_bpf_attr(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

/* Returns what bpf(2) does, but a negative errno on an error. */
static inline int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

/* Fill `info`, a struct bpf_*_info of `size` bytes. 0 or a negative errno. */
static inline int bpf_get_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr;

	clear_bpf_attr(&attr);
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = size;
	attr.info.info = (uintptr_t)info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

#endif
