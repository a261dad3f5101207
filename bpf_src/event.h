/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of one open, as the reader gets it from the kernel. To add a
 * column, add a field to struct event, and fill it in fill_event() in record.h.
 */
#include <linux/sched.h>
#include <uapi/linux/limits.h>

/* The call that opened a file. 32-bit system calls (int $0x80) come last. */
enum open_call {
	CALL_OPEN,
	CALL_CREAT,
	CALL_OPENAT,
	CALL_OPENAT2,
	CALL_OPEN_BY_HANDLE_AT,
	CALL_IO_URING_OPENAT,
	CALL_IO_URING_OPENAT2,
	CALL_EXEC,   /* execve: a program, its interpreter or loader */
	CALL_KERNEL, /* by the kernel for itself, as for a core dump */
	CALL_OPEN_32,
	CALL_CREAT_32,
	CALL_OPENAT_32,
	CALL_OPENAT2_32,
	CALL_OPEN_BY_HANDLE_AT_32,
};

/* Programs: one for each call, one at the exits of all, and one in ways/. */
#define SYSCALL_EXIT (CALL_OPEN_BY_HANDLE_AT_32 + 1)
#define PROGRAMS     (SYSCALL_EXIT + 2)

/* One byte more than the kernel takes tells that a path is too long. */
#define PATH_ROOM (PATH_MAX + 1)
#define NAME_ROOM (NAME_MAX + 1) /* one name in a path, with its NUL */

struct event {
	u64 ts;	       /* ns since boot, when the open ended */
	u32 pid;       /* the process; the kernel calls it tgid */
	u32 tid;       /* the thread; the kernel calls it pid */
	u32 uid;       /* the user, as the host numbers users */
	s32 ret;       /* a file descriptor, or a negative errno */
	u64 flags;     /* O_RDONLY, O_CREAT, ... */
	u32 mode;      /* permissions of a file to create, else 0 */
	s32 path_size; /* bytes in path with its NUL, or a negative errno */
	u32 dir_size;  /* bytes behind the path: names of directories, ... */
	u32 dir_state; /* bits of enum dir_state in extra/record_values.h */
	char comm[TASK_COMM_LEN];
#if OPTIONAL_FIELDS
#include "extra/optional_fields.h" /* latency, ppid, callers, ... */
#endif
	/* The path comes last: a record is sent only as far as it is used. */
	char path[PATH_ROOM + (1 + WANT_EXE) * PATH_MAX + NAME_ROOM];
};
