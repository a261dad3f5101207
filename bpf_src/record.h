/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a record is filled and sent.
 */
#include <uapi/linux/fcntl.h>

BPF_PERF_OUTPUT(events);

/*
 * Records are built here, since they don't fit on the BPF stack (512 bytes).
 * Each program has a buffer of its own on each CPU: where the kernel preempts
 * programs (those on functions, and since Linux 7 those on tracepoints too),
 * another program may begin before the first one is done, but never the same.
 */
BPF_PERCPU_ARRAY(scratch, struct event, PROGRAMS);

static struct event *event_buffer(u32 index)
{
	return scratch.lookup(&index);
}

/* Without one of these flags the kernel ignores the mode: open(2). */
static bool mode_counts(u64 flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

#include "extra/optional_fields.h"

/* Fills all fields but the path. */
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
	fill_optional_fields(event, open);
}

/* Returns the size with the NUL, or a negative errno. */
static s32 read_path(char *path, u32 size, const char *user_path)
{
	s32 got = read_user_str(path, size, user_path);

	/* Older kernels, 6.1 for example, return 0 for an empty path. */
	if (got == 0) {
		path[0] = '\0';
		got = 1;
	}
	return got;
}

/* Sends the record without the unused end of its path. */
static void send_event(void *ctx, struct event *event)
{
	u64 used = event->path_size + event->dir_size;

#ifdef WANT_CALLERS
	fill_callers(ctx, event);
#endif
	keep_in_one_register(used);
	if (used > sizeof(event->path))
		used = 0; /* path_size is negative: it was unreadable */
	used += offsetof(struct event, path);
	if (events.perf_submit(ctx, event, used) < 0)
		count_open(LOST, (u64)event->pid << 32);
}
