/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A type here is the same in every kernel, since BTF may bring it, too; others
 * that the fields of tracepoints have are made by field_types.py.
 */
#pragma once

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8, int8_t;
typedef __u8 u8, uint8_t;
typedef __s16 s16, int16_t;
typedef __u16 u16, uint16_t, umode_t, __le16, __be16, __sum16;
typedef __s32 s32, int32_t, pid_t, clockid_t, key_t, __kernel_pid_t;
typedef __u32 u32, uint32_t, uint, uid_t, gid_t, dev_t;
typedef __u32 gfp_t, fmode_t, nlink_t, blk_opf_t, errseq_t;
typedef __u32 __le32, __be32, __wsum, __poll_t, __kernel_mode_t;
typedef __s64 s64, int64_t, loff_t, time64_t, __kernel_time64_t;
typedef __u64 u64, uint64_t, __le64, __be64;
typedef __u64 sector_t, blkcnt_t, dma_addr_t, phys_addr_t;
typedef __u64 __aligned_u64 __attribute__((aligned(8)));
typedef unsigned long ulong, size_t, uintptr_t, __kernel_ulong_t;
typedef long ssize_t, off_t, __kernel_long_t, __kernel_old_time_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL		       ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(pointer, type, member)                                    \
	((type *)((void *)(pointer)-offsetof(type, member)))
#define __user
#define __kernel
#define __force
#define __bitwise
#include <linux/compiler.h>
