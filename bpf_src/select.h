/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The selection: which opens are wanted.
 *
 * Each option adds a condition to one of four macros that the frontend defines:
 * -p 12,34 adds ((pid) == 12U || (pid) == 34U) to SELECT_CALLER(pid, tid). What
 * is always true costs nothing. The tool's own opens are wanted: see is_tool().
 */
#if SELECT_EXTRAS /* the functions that conditions call */
#include "extra/select_extras.h"
#endif

/* The caller, which is known when an open begins. */
static bool caller_selected(u64 pid_tgid)
{
	u32 pid = pid_tgid >> 32, tid = pid_tgid;

	return is_tool(pid_tgid) || SELECT_CALLER(pid, tid);
}

/* The flags. True while they can't be read, since they may be wanted ones. */
static bool flags_selected(u64 pid_tgid, const struct open_args *open)
{
	return is_tool(pid_tgid) || open->user_how || SELECT_FLAGS(open->flags);
}

/* The path, in a buffer of `room` bytes. True if it was cut or unreadable. */
static bool path_selected(u64 pid_tgid, const char *path, s32 size, u64 room)
{
	u64 length = size - 1; /* huge if the path is unreadable */

	keep_in_one_register(length);
	if (is_tool(pid_tgid) || length >= room - 1)
		return true;
	keep_in_one_register(length); /* clang 19 would merge these checks */
	return SELECT_PATH(path, length);
}

/* The result, when an open ends, and the time since `began` (0: unknown). */
static bool result_selected(u64 pid_tgid, long ret, u64 began)
{
	return is_tool(pid_tgid) || SELECT_RESULT(ret, began);
}
