/* SPDX-License-Identifier: Apache-2.0 */
/* A record: how it is filled and sent, and what is counted in its place. */
#include <uapi/linux/fcntl.h>

/* The arguments of an open. The caller is a program, or the kernel itself. */
struct open_args {
	enum open_call call;
	int dirfd;			 /* where a relative path starts */
	const char *user_path;		 /* in the caller's memory */
	const char *kernel_path;	 /* the kernel's copy of it, or NULL */
	const struct open_how *user_how; /* of openat2, until it is read */
	u64 flags;
	u32 mode;
	u32 resolve; /* of openat2: RESOLVE_IN_ROOT, ... */
	u64 began;   /* ns since boot; 0 if nobody asks, or nobody saw it */
};

#define SHORT_PATH 128 /* a longer one is read when the open ends */

/* What is known when an open begins, and needed when it ends. */
struct open_start {
	bool under_way; /* begun, and not ended yet */
	s32 path_size;	/* as in struct event */
	struct open_args open;
	char record[HANGING * offsetof(struct event, path)]; /* hanging.h */
	char path[SHORT_PATH]; /* kept before another thread can change it */
};

#ifdef PID_NAMESPACE_INODE
#include "extra/pid_namespace.h"
#else
/* The tgid in the upper half, the thread's number in the lower half. */
#define caller_pid_tgid() bpf_get_current_pid_tgid()
#endif

/* The tool opens files itself, to prove that the programs see opens. */
static bool is_tool(u64 pid_tgid)
{
	return pid_tgid >> 32 == TOOL_PID;
}

enum counter {
	LOST,	/* records for which the perf ring had no room */
	MISSED, /* opens without an entry in the map "start", or without end */
	NOT_FOLLOWED, /* processes without an entry in the map "followed" */
	COUNTERS
};
BPF_PERCPU_ARRAY(counters, u64, COUNTERS);

static void count(int counter)
{
	if (!is_tool(caller_pid_tgid()))
		counters.increment(counter);
}

/* For the verifier: clang may check one copy of a number, and use another. */
#define keep_in_one_register(number) asm volatile("" : "+r"(number))

#if RECORD_EXTRAS
#include "extra/record_extras.h"
#else
#define begin_extras(ctx, begun) true
#define fill_extras(program, event, open)
#define finish_extras(ctx, event, began)
#endif

/* Fills all fields but the path, which is there. */
static void fill_event(u32 program, struct event *event,
		       const struct open_args *open, u64 pid_tgid, long ret)
{
	/* Else the kernel ignores the mode: WILL_CREATE in its fs/open.c */
	bool creates = open->flags & (O_CREAT | (O_TMPFILE ^ O_DIRECTORY));

	event->ts = bpf_ktime_get_ns();
	event->pid = pid_tgid >> 32;
	event->tid = pid_tgid;
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->flags = open->flags;
	event->mode = creates ? open->mode : 0;
	event->dir_size = event->dir_state = 0;
	/* Some kernels, 6.1 for example, write nothing behind the NUL. */
	__builtin_memset(event->comm, 0, sizeof(event->comm));
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_extras(program, event, open);
}

BPF_PERF_OUTPUT(events);

/* Completes the record and sends it, without the unused end of its path. */
static void send_event(void *ctx, struct event *event, u64 began)
{
	u64 used = offsetof(struct event, path) + event->dir_size;

	finish_extras(ctx, event, began);
	if (event->path_size > 0) /* else it was unreadable */
		used += event->path_size;
	keep_in_one_register(used);
	if (used > sizeof(*event))
		used = sizeof(*event); /* never, which the verifier can't see */
	if (events.perf_submit(ctx, event, used) < 0)
		count(LOST);
}
