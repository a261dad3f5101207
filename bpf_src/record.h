/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a record is filled and sent, and what is counted when it can't be.
 */
#include <uapi/linux/fcntl.h>

#include "user_memory.h"

#define LARGEST_ERRNO 4095 /* MAX_ERRNO of linux/err.h */

#define CALLS (CALL_OPEN_BY_HANDLE_AT + 1) /* in enum open_call */

static bool is_syscall(enum open_call call)
{
	return call < CALLS;
}

/* The program that sees such opens end, of 64-bit or 32-bit programs. */
#define PROGRAM(call, bits) ((call) + ((bits) == 32 ? CALLS : 0))

#define SYSCALL_PROGRAMS (2 * CALLS)

/* The programs that see the other ways. */
enum {
	PROGRAM_REQUEST = SYSCALL_PROGRAMS,
	PROGRAM_FAILED_REQUEST,
	PROGRAM_EXEC,
	PROGRAM_KERNEL,
	PROGRAM_KERNEL_BELOW,
	PROGRAMS
};

/* The arguments of an open, whichever way it is called. */
struct open_args {
	enum open_call call;
	int dirfd; /* what a relative name begins at: see openat(2) */
	const char *user_path;	 /* where the caller keeps the name */
	const char *kernel_path; /* the kernel's copy, where we get it */
	const struct open_how *user_how; /* openat2: its flags and mode */
	u64 flags;
	u32 mode;
	u32 resolve;	/* openat2: RESOLVE_IN_ROOT, ... */
	bool is_32_bit; /* a syscall as programs for 32 bits call it */
};

enum counter {
	LOST,	/* records that found no room in the perf ring */
	MISSED, /* opens without a place in the map "start", or without end */
	NOT_FOLLOWED, /* processes without a place in the map "followed" */
	COUNTERS
};

BPF_PERF_OUTPUT(events);
BPF_PERCPU_ARRAY(counters, u64, COUNTERS);

/*
 * A record doesn't fit on the BPF stack (512 bytes), so it is built here. Each
 * program has a buffer of its own on each CPU: where the kernel preempts
 * programs (those on functions; since Linux 7 those on tracepoints too) another
 * one may begin before the first is done, but never the same one.
 */
BPF_PERCPU_ARRAY(scratch, struct event, PROGRAMS);

static void count(int counter)
{
	counters.increment(counter);
}

/* The tool's own opens are none of the trace's. */
static void count_open(int counter, u64 pid_tgid)
{
	if (!is_tool(pid_tgid))
		count(counter);
}

/* Without one of these flags the kernel ignores the mode: see open(2). */
static bool mode_counts(u64 flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

#include "extra/wanted.h"

/* All but the path. */
static void fill_event(struct event *event, const struct open_args *open,
		       u64 pid_tgid, long ret)
{
	event->ts = bpf_ktime_get_ns();
	event->pid = pid_tgid >> 32;
	event->tid = pid_tgid;
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->flags = open->flags;
	event->mode = mode_counts(open->flags) ? open->mode : 0;
	event->dir_size = 0;
	event->dir_state = 0;
#ifdef PATH_VIEW_HOST
	event->fs_device = 0;
	event->fs_size = 0;
	event->mount_size = 0;
#endif
	caller_comm(event->comm);
	fill_wanted(event, open);
}

/* As read_user_str(): the size with the NUL, or an errno. */
static s32 read_path(char *path, u32 size, const char *user_path)
{
	s32 got = read_user_str(path, size, user_path);

	/* Older kernels (6.1, say) give 0 for an empty name, and no NUL. */
	if (got == 0) {
		path[0] = '\0';
		got = 1;
	}
	return got;
}

static struct event *event_buffer(u32 program)
{
	return scratch.lookup(&program);
}

/*
 * The verifier follows registers, not variables: without this, the compiler
 * may check one copy of a size and use another, which the verifier refuses.
 */
#define keep_in_one_register(variable) asm volatile("" : "+r"(variable))

/* A record is sent without the part of path that it doesn't use. */
static void send_event(void *ctx, struct event *event)
{
	u64 used = event->path_size + event->dir_size;

#ifdef WANT_CALLERS
	fill_callers(ctx, event);
#endif
	keep_in_one_register(used);
	if (used > sizeof(event->path))
		used = 0; /* the path was unreadable: path_size is negative */
	used += offsetof(struct event, path);
	if (events.perf_submit(ctx, event, used) < 0)
		count_open(LOST, (u64)event->pid << 32);
}
