/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open from its arguments to its record.
 */
#include <uapi/linux/openat2.h>

/*
 * openat2 passes flags and mode in memory of the caller. Where that can't be
 * read, user_how stays, for another try.
 */
static void read_how(struct open_args *open)
{
	struct open_how how = {};

	if (bpf_probe_read_user(&how, sizeof(how), open->user_how) < 0)
		return;
	open->flags = how.flags;
	open->mode = how.mode;
	open->resolve = how.resolve;
	open->user_how = NULL;
}

static void read_open_path(struct event *event, const struct open_args *open,
			   long ret)
{
	if (open->call == CALL_OPEN_BY_HANDLE_AT) {
		/* A handle is no name; but a file that is open has one. */
		event->path[0] = '\0';
		event->path_size = ret < 0 ? ret : 1;
	} else {
		event->path_size =
			read_path(event->path, PATH_ROOM, open->user_path);
	}
}

#ifdef FIND_DIRECTORIES
/* Is the file that was opened shown in place of the name? */
static bool shows_real_path(enum open_call call)
{
#ifdef REAL_PATH
	return true;
#else
	return call == CALL_OPEN_BY_HANDLE_AT;
#endif
}

#include "full_path.h"

static bool shows_directories(u32 program)
{
#ifdef FULL_PATH
	return true;
#else
	return shows_real_path(program % CALLS);
#endif
}
#endif

/*
 * A record of the open, or one more in the counts. `began` is the time at
 * which it did, or 0 where that isn't known.
 */
static void deliver(void *ctx, u32 program, struct event *event,
		    const struct open_args *open, u64 began)
{
#ifdef SUMMARY
	if (event->pid != TOOL_PID) {
		summarize(event, began);
		return;
	}
#endif
#ifdef FIND_DIRECTORIES
	if (shows_directories(program))
		find_directories(ctx, program, event, open);
#endif
	send_event(ctx, event);
}

/* For a program that was called again by itself: see full_path.h. */
static bool delivered_the_rest(void *ctx, u32 program, struct event *event)
{
#ifdef FIND_DIRECTORIES
	if (shows_directories(program) &&
	    went_on_walking(ctx, program, event)) {
		send_event(ctx, event);
		return true;
	}
#endif
	return false;
}

/* For plans that are called once for each open: when it is done. */
static int whole_open(void *ctx, u32 program, struct open_args *open, long ret)
{
	u64 pid_tgid = caller_pid_tgid();
	struct event *event = event_buffer(program);

	if (!event || delivered_the_rest(ctx, program, event))
		return 0;
	if (open->user_how)
		read_how(open);
	if (!is_tool(pid_tgid)) {
		if (!result_selected(ret) || !caller_selected(pid_tgid) ||
		    !flags_selected(open->flags))
			return 0;
	}
	read_open_path(event, open, ret);
	if (!is_tool(pid_tgid) && !event_path_selected(event))
		return 0;
	fill_event(event, open, pid_tgid, ret);
	deliver(ctx, program, event, open, 0);
	return 0;
}
