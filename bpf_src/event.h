/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open, as it travels from the kernel to your screen.
 *
 * This struct is the only place where a record's fields are named. Add a
 * field, fill it in fill_event() in record.h, and it is a column.
 */
#include <linux/sched.h>
#include <uapi/linux/limits.h>

struct event {
	u64 ts;	       /* ns since boot, when the syscall returned */
	u32 pid;       /* the process; the kernel calls it tgid */
	u32 tid;       /* the thread; the kernel calls it pid */
	u32 uid;       /* the user, as the host numbers users */
	s32 ret;       /* a file descriptor, or a negative errno */
	u64 flags;     /* O_RDONLY, O_CREAT, ... */
	u32 mode;      /* permissions for a file that is created, else 0 */
	s32 path_size; /* bytes in path with its NUL, or a negative errno */
	char comm[TASK_COMM_LEN];

	/*
	 * Last, because a record ends where its path ends. The kernel takes
	 * PATH_MAX bytes at most, NUL included: one byte more tells a path
	 * that just fits from one that is too long.
	 */
	char path[PATH_MAX + 1];
};
