/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --hanging: the record of an open that is under way, in its entry of the map
 * "start". The frontend makes a row of it.
 */
#include "extra/record_values.h"

static void fill_event(u32 program, struct event *event,
		       const struct open_args *open, u64 pid_tgid, long ret);

/* Returns the record. */
static struct event *keep_record(struct open_start *begun)
{
	struct event *event = (struct event *)begun->record;

	/* As if by no program: there is no walk, and no room for names. */
	fill_event(PROGRAMS, event, &begun->open, caller_pid_tgid(), UNDER_WAY);
	event->exe = UNKNOWN_EXE;
	event->path_size = begun->path_size;
	if (begun->path_size >= SHORT_PATH) /* it may be longer */
		event->path_size = PATH_ROOM;
	/* The directories of a relative name aren't known yet. */
	if (FULL_PATH && begun->path[0] != '/')
		event->dir_state = DIR_IS_KNOWN | DIR_CUT;
	return event;
}
