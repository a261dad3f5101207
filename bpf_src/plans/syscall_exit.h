/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall-exit": for each syscall that opens a file, the tracepoint
 * at its exit. The registers that the syscall was entered with are still saved
 * then, so it needs no map.
 *
 * It also sees opens that seccomp refuses, which never reach sys_enter.
 */
#include "plans/exit_result.h"
#include "plans/registers.h"

static int report_exit(void *ctx, enum open_call call, long ret, long number)
{
	return report_at_exit(ctx, call, result_at_exit(ret, number));
}

#if HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return report_exit(args, CALL_OPEN, args->ret, args->__syscall_nr);
}

TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return report_exit(args, CALL_CREAT, args->ret, args->__syscall_nr);
}
#endif

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return report_exit(args, CALL_OPENAT, args->ret, args->__syscall_nr);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return report_exit(args, CALL_OPENAT2, args->ret, args->__syscall_nr);
}

TRACEPOINT_PROBE(syscalls, sys_exit_open_by_handle_at)
{
	return report_exit(args, CALL_OPEN_BY_HANDLE_AT, args->ret,
			   args->__syscall_nr);
}
