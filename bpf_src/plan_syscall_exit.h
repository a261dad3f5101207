/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall-exit": one tracepoint for each syscall that opens a file.
 *
 * When a syscall returns, the registers that it was entered with are still
 * saved. So one program sees an open whole, and needs no map. It also sees
 * opens that seccomp refuses, which never come to sys_enter.
 */
#include "entry_registers.h"

static int exit_of(enum open_call call, void *ctx, long ret)
{
	struct syscall_args args = {};
	struct open_args open = {};

	ARGS_AT_ENTRY(&args, 64);
	open_args_of(&open, call, 64, &args);
	return whole_open(ctx, PROGRAM(call, 64), &open, ret);
}

#ifdef HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return exit_of(CALL_OPEN, args, args->ret);
}
#endif

#ifdef HAVE_CREAT
TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return exit_of(CALL_CREAT, args, args->ret);
}
#endif

#ifdef HAVE_OPENAT
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return exit_of(CALL_OPENAT, args, args->ret);
}
#endif

#ifdef HAVE_OPENAT2
TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return exit_of(CALL_OPENAT2, args, args->ret);
}
#endif

#ifdef HAVE_OPEN_BY_HANDLE_AT
TRACEPOINT_PROBE(syscalls, sys_exit_open_by_handle_at)
{
	return exit_of(CALL_OPEN_BY_HANDLE_AT, args, args->ret);
}
#endif
