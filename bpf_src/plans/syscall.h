/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall": where the calls besides openat begin. Where they end, the
 * program of openat is attached too, except that openat2 has one of its own.
 */
#include "plans/end_call.h"

/* Newer architectures, arm64 for example, have no open and no creat. */
#if HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_enter_open)
{
	struct open_args open = {
		.call = CALL_OPEN,
		.dirfd = AT_FDCWD,
		.user_path = args->filename,
		.flags = (u32)args->flags,
		.mode = (umode_t)args->mode,
	};

	return begin(args, &open);
}

TRACEPOINT_PROBE(syscalls, sys_enter_creat)
{
	struct open_args open = {
		.call = CALL_CREAT,
		.dirfd = AT_FDCWD,
		.user_path = args->pathname,
		.flags = O_CREAT | O_WRONLY | O_TRUNC,
		.mode = (umode_t)args->mode,
	};

	return begin(args, &open);
}
#endif

TRACEPOINT_PROBE(syscalls, sys_enter_openat2)
{
	struct open_args open = {
		.call = CALL_OPENAT2,
		.dirfd = args->dfd,
		.user_path = args->filename,
		.user_how = args->how,
	};

	read_how(&open);
	return begin(args, &open);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return end_call(args, CALL_OPENAT2, args->ret);
}

/* The call has a handle in place of a path. */
TRACEPOINT_PROBE(syscalls, sys_enter_open_by_handle_at)
{
	struct open_args open = {
		.call = CALL_OPEN_BY_HANDLE_AT,
		.flags = (u32)args->flags,
	};

	return begin(args, &open);
}
