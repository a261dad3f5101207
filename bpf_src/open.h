/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open from its arguments to its record.
 */
#include <uapi/linux/errno.h>
#include <uapi/linux/openat2.h>

/*
 * openat2 passes flags and mode in memory of the caller. Where that can't be
 * read, user_how stays, for another try.
 */
static void read_how(struct open_args *open)
{
	struct open_how how = {};

	if (read_user(&how, sizeof(how), open->user_how) < 0)
		return;
	open->flags = how.flags;
	open->mode = how.mode;
	open->resolve = how.resolve;
	open->user_how = NULL;
}

/* Flags that couldn't be read may be those that are wanted. */
static bool open_flags_selected(const struct open_args *open)
{
	return open->user_how || flags_selected(open->flags);
}

#ifdef FIND_DIRECTORIES
#include "extra/full_path.h"
#else
/* Nothing shows the directories of any path. */
static bool went_on_walking(void *ctx, u32 program, struct event *event)
{
	return false;
}

static void find_directories(void *ctx, u32 program, struct event *event,
			     const struct open_args *open)
{
}
#endif

/*
 * The kernel looks at PATH_MAX bytes, we at one more. Where that one can't be
 * read, and there is no NUL before it, the name is too long all the same.
 */
static s32 read_long_path(struct event *event, const char *user_path)
{
	s32 got = read_path(event->path, PATH_ROOM, user_path);

	if (got != -EFAULT || read_user(event->path, PATH_MAX, user_path) < 0)
		return got;
	event->path[PATH_MAX] = '\0';
	return PATH_ROOM;
}

static void read_open_path(struct event *event, const struct open_args *open)
{
	if (open->call == CALL_OPEN_BY_HANDLE_AT)
		event->path_size = -1; /* a handle is no name */
	else if (open->kernel_path)    /* it can't have changed */
		event->path_size = bpf_probe_read_kernel_str(
			event->path, PATH_ROOM, open->kernel_path);
	else
		event->path_size = read_long_path(event, open->user_path);
}

/*
 * A record of the open, or one more in the counts. `began` is the time at
 * which it did, or 0 where that isn't known.
 */
static void deliver(void *ctx, struct event *event, u64 began)
{
#ifdef SUMMARY
	if (event->pid != TOOL_PID) {
		summarize(event, began);
		return;
	}
#endif
	send_event(ctx, event);
}

/*
 * The buffer for an open's record. NULL where there is nothing left to do: a
 * program that has called itself, to go on with a long path, begins anew.
 */
static struct event *event_to_fill(void *ctx, u32 program)
{
	struct event *event = event_buffer(program);

	if (!event || !went_on_walking(ctx, program, event))
		return event;
	deliver(ctx, event, 0);
	return NULL;
}

/* For plans that are called once for each open: when it is done. */
static int whole_open(void *ctx, u32 program, struct open_args *open, long ret)
{
	u64 pid_tgid = caller_pid_tgid();
	struct event *event = event_to_fill(ctx, program);

	if (!event)
		return 0;
	if (open->user_how)
		read_how(open);
	if (!is_tool(pid_tgid)) {
		if (!result_selected(ret) || !caller_selected(pid_tgid) ||
		    !open_flags_selected(open))
			return 0;
	}
	read_open_path(event, open);
	if (!is_tool(pid_tgid) && !event_path_selected(event))
		return 0;
	fill_event(event, open, pid_tgid, ret);
	find_directories(ctx, program, event, open);
	deliver(ctx, event, 0);
	return 0;
}
