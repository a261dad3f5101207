/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall": a pair of tracepoints for each syscall that opens a file,
 * one at its entry and one at its exit.
 */
#include "plans/begin_end.h"

/* Newer architectures, arm64 for example, have no open and no creat. */
#ifdef HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_enter_open)
{
	struct open_args open = {
		.call = CALL_OPEN,
		.dirfd = AT_FDCWD,
		.user_path = args->filename,
		.flags = (u32)args->flags,
		.mode = (umode_t)args->mode,
	};

	return begin_open(&open);
}

TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return end_open(args, PROGRAM_INDEX(CALL_OPEN, 64), args->ret);
}
#endif

#ifdef HAVE_CREAT
TRACEPOINT_PROBE(syscalls, sys_enter_creat)
{
	struct open_args open = {
		.call = CALL_CREAT,
		.dirfd = AT_FDCWD,
		.user_path = args->pathname,
		.flags = O_CREAT | O_WRONLY | O_TRUNC,
		.mode = (umode_t)args->mode,
	};

	return begin_open(&open);
}

TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return end_open(args, PROGRAM_INDEX(CALL_CREAT, 64), args->ret);
}
#endif

#ifdef HAVE_OPENAT
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct open_args open = {
		.call = CALL_OPENAT,
		.dirfd = args->dfd,
		.user_path = args->filename,
		.flags = (u32)args->flags,
		.mode = (umode_t)args->mode,
	};

	return begin_open(&open);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return end_open(args, PROGRAM_INDEX(CALL_OPENAT, 64), args->ret);
}
#endif

/* Since Linux 5.6. */
#ifdef HAVE_OPENAT2
TRACEPOINT_PROBE(syscalls, sys_enter_openat2)
{
	struct open_args open = {
		.call = CALL_OPENAT2,
		.dirfd = args->dfd,
		.user_path = args->filename,
		.user_how = args->how,
	};

	return begin_open(&open);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return end_open(args, PROGRAM_INDEX(CALL_OPENAT2, 64), args->ret);
}
#endif

#ifdef HAVE_OPEN_BY_HANDLE_AT
TRACEPOINT_PROBE(syscalls, sys_enter_open_by_handle_at)
{
	struct open_args open = {
		.call = CALL_OPEN_BY_HANDLE_AT,
		.flags = (u32)args->flags,
	};

	return begin_open(&open);
}

TRACEPOINT_PROBE(syscalls, sys_exit_open_by_handle_at)
{
	return end_open(args, PROGRAM_INDEX(CALL_OPEN_BY_HANDLE_AT, 64),
			args->ret);
}
#endif
