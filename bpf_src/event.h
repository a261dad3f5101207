/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open, as it travels from the kernel to your screen.
 *
 * This struct is the only place where a record's fields are named. Add a
 * field, fill it in fill_event() in record.h, and it is a column.
 */
#include <linux/sched.h>
#include <uapi/linux/limits.h>

/* As deep as the kernel looks, unless kernel.perf_event_max_stack says more. */
#define CALLERS 127

/*
 * Which way a file was opened; the column CALL shows it. The syscalls come
 * first, in both halves in the same order: is_syscall() and others count on it.
 */
enum open_call {
	CALL_OPEN,
	CALL_CREAT,
	CALL_OPENAT,
	CALL_OPENAT2,
	CALL_OPEN_BY_HANDLE_AT,
	CALL_IO_URING_OPENAT,
	CALL_IO_URING_OPENAT2,
	CALL_EXEC,   /* execve: a program, its interpreter or its loader */
	CALL_KERNEL, /* the kernel for itself: a core dump, for example */
	/* The syscalls once more, of programs for 32 bits. */
	CALL_OPEN_32,
	CALL_CREAT_32,
	CALL_OPENAT_32,
	CALL_OPENAT2_32,
	CALL_OPEN_BY_HANDLE_AT_32,
};

/* In place of a file descriptor, where an open that succeeded has none. */
#define NO_DESCRIPTOR 0x7fffffff

/* In place of a result that the kernel tells nobody. */
#define NOT_TOLD 0x7ffffffe

/* What is known of the directories behind the path: see extra/full_path.h. */
enum dir_state {
	DIR_IS_KNOWN = 1,      /* they are there, down from the root */
	DIR_IS_FILE = 2,       /* the first of them is the file itself */
	DIR_IS_DELETED = 4,    /* the first of them was removed */
	DIR_UNREACHABLE = 8,   /* they don't begin at the process's root */
	DIR_CUT = 16,	       /* some are missing, nearest to the root */
	DIR_OTHER_MOUNTS = 32, /* they are not on mounts of the host */
};

/*
 * The kernel takes PATH_MAX bytes at most, NUL included: one byte more tells a
 * path that just fits from one that is too long.
 */
#define PATH_ROOM (PATH_MAX + 1)
#define NAME_ROOM (NAME_MAX + 1) /* one name in a path, with its NUL */

struct event {
	u64 ts;	       /* ns since boot, when the syscall returned */
	u32 pid;       /* the process; the kernel calls it tgid */
	u32 tid;       /* the thread; the kernel calls it pid */
	u32 uid;       /* the user, as the host numbers users */
	s32 ret;       /* a file descriptor, or a negative errno */
	u64 flags;     /* O_RDONLY, O_CREAT, ... */
	u32 mode;      /* permissions for a file that is created, else 0 */
	s32 path_size; /* bytes in path with its NUL, or a negative errno */
	u32 dir_size;  /* bytes of directories, which stand behind it */
	u32 dir_state; /* bits of enum dir_state */
	char comm[TASK_COMM_LEN];

	/* What has its price is here only if its column is asked for. */
#ifdef WANT_LATENCY
	u64 latency; /* how long the open took; column: ns width=12 */
#endif
#ifdef WANT_CGROUP_ID
	u64 cgroup_id; /* the number of the cgroup v2 */
#endif
#ifdef WANT_CALL
	enum open_call call; /* the way that the file was opened */
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

	/* Where directories aren't on mounts of the host: see extra/full_path.h. */
#ifdef PATH_VIEW_HOST
	u32 fs_device;	/* the file system's, as the kernel has it; or 0 */
	u32 fs_size;	/* bytes of directories up to its root */
	u32 mount_size; /* of these, up to the root of their mount */
#endif

	/* Last, because a record ends where its path and directories end. */
	char path[PATH_ROOM + PATH_MAX + NAME_ROOM];
};
