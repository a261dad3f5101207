/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of one open, as the reader gets it from the kernel.
 *
 * Only struct event names the fields of a record. To add a column, add a field
 * and fill it in fill_event() in record.h.
 */
#include <linux/sched.h>
#include <uapi/linux/limits.h>

/* How many addresses of a stack: the default of kernel.perf_event_max_stack. */
#define CALLERS 127

/*
 * The call that opened a file; the column CALL shows it. Syscalls come first,
 * and those made in the 32-bit way come last, in the same order: is_syscall()
 * and fill_optional_fields() rely on it.
 */
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
	/* The same syscalls, as 32-bit programs make them. */
	CALL_OPEN_32,
	CALL_CREAT_32,
	CALL_OPENAT_32,
	CALL_OPENAT2_32,
	CALL_OPEN_BY_HANDLE_AT_32,
};

/* In place of a file descriptor, where an open that succeeded has none. */
#define NO_DESCRIPTOR 0x7fffffff

/* In place of a result that the kernel doesn't report. */
#define UNKNOWN_RESULT 0x7ffffffe

/* What is known about the directories behind the path: extra/full_path.h. */
enum dir_state {
	DIR_IS_KNOWN = 1,      /* they are there; else none are */
	DIR_IS_FILE = 2,       /* the first of them is the file itself */
	DIR_IS_DELETED = 4,    /* the first of them was removed */
	DIR_UNREACHABLE = 8,   /* they don't lead up to the process's root */
	DIR_CUT = 16,	       /* those nearest to the root are missing */
	DIR_OTHER_MOUNTS = 32, /* they are on mounts that the host lacks */
};

/*
 * The kernel takes at most PATH_MAX bytes, NUL included. One byte more tells a
 * path that just fits from one that is too long.
 */
#define PATH_ROOM (PATH_MAX + 1)
#define NAME_ROOM (NAME_MAX + 1) /* one name in a path, with its NUL */

struct event {
	u64 ts;	       /* ns since boot, when the open was done */
	u32 pid;       /* the process; the kernel calls it tgid */
	u32 tid;       /* the thread; the kernel calls it pid */
	u32 uid;       /* the user, as the host numbers users */
	s32 ret;       /* a file descriptor, or a negative errno */
	u64 flags;     /* O_RDONLY, O_CREAT, ... */
	u32 mode;      /* permissions of a file to create, else 0 */
	s32 path_size; /* bytes in path with its NUL, or a negative errno */
	u32 dir_size;  /* bytes of directories, behind the path */
	u32 dir_state; /* bits of enum dir_state */
	char comm[TASK_COMM_LEN];

	/* Fields that cost something are compiled in only if asked for. */
#ifdef WANT_LATENCY
	u64 latency; /* how long the open took; column: ns width=12 */
#endif
#ifdef WANT_CGROUP_ID
	u64 cgroup_id; /* the ID of the cgroup, version 2 */
#endif
#ifdef WANT_CALL
	enum open_call call; /* the call that opened the file */
#endif
#ifdef WANT_GID
	u32 gid; /* the real group ID, as the host numbers groups */
#endif
#ifdef WANT_PPID
	u32 ppid; /* the parent, as the host numbers it; column: width=-6 */
#endif
#ifdef WANT_MNTNS
	u32 mntns; /* inode of the mount namespace; column: width=-10 */
#endif
#ifdef WANT_CALLERS
	u64 callers[CALLERS + 1]; /* the user stack: who called, then 0 */
#endif

	/* For directories on mounts that the host lacks: extra/full_path.h. */
#ifdef PATH_VIEW_HOST
	u32 fs_device;	/* the kernel's number of the file system, or 0 */
	u32 fs_size;	/* bytes of directories up to its root */
	u32 mount_size; /* of these, up to the root of the mount */
#endif

	/* The path comes last: a record is sent only as far as it is used. */
	char path[PATH_ROOM + PATH_MAX + NAME_ROOM];
};
