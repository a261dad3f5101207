/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open, from its arguments to its record.
 */
#include <uapi/linux/errno.h>
#include <uapi/linux/openat2.h>

/*
 * The flags and mode of openat2, which are in the caller's memory. Where they
 * can't be read, user_how stays, to try again later.
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

/* True also for flags that couldn't be read: they may be the wanted ones. */
static bool open_flags_selected(const struct open_args *open)
{
	return open->user_how || flags_selected(open->flags);
}

#ifdef FIND_DIRECTORIES
#include "extra/full_path.h"
#else
static bool finish_walk(void *ctx, u32 index, struct event *event)
{
	return false;
}

static void find_directories(void *ctx, u32 index, struct event *event,
			     const struct open_args *open)
{
}
#endif

/*
 * A path of up to PATH_ROOM bytes, one more than the kernel takes. Where only
 * this last byte can't be read, the path is too long all the same.
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
		event->path_size = -1; /* it has a handle, and no path */
	else if (open->kernel_path)    /* it can't have changed */
		event->path_size = bpf_probe_read_kernel_str(
			event->path, PATH_ROOM, open->kernel_path);
	else
		event->path_size = read_long_path(event, open->user_path);
}

/*
 * Sends the record, or with --summary counts the open. `began` is the time when
 * the open began, or 0 where that isn't known.
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
 * A program that calls itself for a long path starts from its beginning (see
 * extra/directory_walk.h). Then this completes and delivers the record; else it
 * returns false, and the program has a new open.
 */
static bool resume_open(void *ctx, u32 index, struct event *event)
{
	if (!finish_walk(ctx, index, event))
		return false;
	deliver(ctx, event, 0);
	return true;
}

/* For programs that see a whole open at once, when it is done. */
static int report_open(void *ctx, u32 index, struct open_args *open, long ret)
{
	u64 pid_tgid = caller_pid_tgid();
	struct event *event = event_buffer(index);

	if (!event || resume_open(ctx, index, event))
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
	find_directories(ctx, index, event, open);
	deliver(ctx, event, 0);
	return 0;
}
