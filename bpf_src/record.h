/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a record is filled and sent, and what is counted when it can't be.
 */
#include <uapi/linux/fcntl.h>

/*
 * Names shorter than this are read when the open begins, before another
 * thread can change them; longer ones when it ends.
 */
#define SHORT_PATH 128

/* The arguments of an open, whichever way it is called. */
struct open_args {
	const char *user_path;		 /* where the caller keeps the name */
	const struct open_how *user_how; /* openat2 only: its flags and mode */
	u64 flags;
	u32 mode;
};

/* What the begin of an open knows and its end needs. */
struct open_start {
	bool under_way; /* begun, and not ended yet */
	u64 pid_tgid;	/* of the caller */
	const char *user_path;
	const struct open_how *user_how; /* NULL once it is read */
	u64 flags;
	u32 mode;
	s32 path_size; /* of path, as in struct event */
	char comm[TASK_COMM_LEN];
	char path[SHORT_PATH];
};

enum counter {
	LOST,	/* records that found no room in the perf ring */
	MISSED, /* opens without a place in the map "start", or without end */
	COUNTERS
};

BPF_PERF_OUTPUT(events);
BPF_PERCPU_ARRAY(counters, u64, COUNTERS);

/* A record doesn't fit on the BPF stack (512 bytes), so it is built here. */
BPF_PERCPU_ARRAY(scratch, struct event, 1);

static void count(int counter)
{
	counters.increment(counter);
}

/* Without one of these flags the kernel ignores the mode: see open(2). */
static bool mode_counts(u64 flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

static void fill_event(struct event *event, struct open_start *begun, long ret)
{
	event->ts = bpf_ktime_get_ns();
	event->pid = begun->pid_tgid >> 32;
	event->tid = begun->pid_tgid;
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->flags = begun->flags;
	event->mode = mode_counts(begun->flags) ? begun->mode : 0;
	__builtin_memcpy(event->comm, begun->comm, sizeof(event->comm));
}

/* As bpf_probe_read_user_str(): the size with the NUL, or an errno. */
static s32 read_path(char *path, u32 size, const char *user_path)
{
	s32 got = bpf_probe_read_user_str(path, size, user_path);

	/* Older kernels (6.1, say) give 0 for an empty name, and no NUL. */
	if (got == 0) {
		path[0] = '\0';
		got = 1;
	}
	return got;
}

/*
 * The name as it was at the entry. Where it wasn't readable then (its page
 * wasn't in memory yet), or is long: as it is now, after the kernel read it.
 */
static void fill_path(struct event *event, struct open_start *begun)
{
	if (begun->path_size > 0 && begun->path_size < SHORT_PATH) {
		__builtin_memcpy(event->path, begun->path, SHORT_PATH);
		event->path_size = begun->path_size;
	} else {
		event->path_size = read_path(event->path, sizeof(event->path),
					     begun->user_path);
	}
}

/*
 * The verifier follows registers, not variables: without this, the compiler
 * may check one copy of a size and use another, which the verifier refuses.
 */
#define keep_in_one_register(variable) asm volatile("" : "+r"(variable))

/* A record is sent without the part of path that it doesn't use. */
static void send_event(void *ctx, struct event *event)
{
	u64 used = event->path_size;

	keep_in_one_register(used);
	if (used > sizeof(event->path))
		used = 0; /* the path was unreadable: path_size is negative */
	used += offsetof(struct event, path);
	if (events.perf_submit(ctx, event, used) < 0)
		count(LOST);
}

static void record_open(void *ctx, struct open_start *begun, long ret)
{
	u32 zero = 0;
	struct event *event = scratch.lookup(&zero);

	if (!event)
		return;
	fill_event(event, begun, ret);
	fill_path(event, begun);
	send_event(ctx, event);
}
