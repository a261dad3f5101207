/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall-exit": for each syscall that opens a file, the tracepoint
 * at its exit.
 *
 * It also sees opens that seccomp refuses, which never reach sys_enter.
 */
#include "plans/exit_only.h"
#include "plans/exit_result.h"

#ifdef HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return open_at_exit(args, CALL_OPEN, 64,
			    result_at_exit(args->ret, args->__syscall_nr));
}
#endif

#ifdef HAVE_CREAT
TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return open_at_exit(args, CALL_CREAT, 64,
			    result_at_exit(args->ret, args->__syscall_nr));
}
#endif

#ifdef HAVE_OPENAT
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return open_at_exit(args, CALL_OPENAT, 64,
			    result_at_exit(args->ret, args->__syscall_nr));
}
#endif

#ifdef HAVE_OPENAT2
TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return open_at_exit(args, CALL_OPENAT2, 64,
			    result_at_exit(args->ret, args->__syscall_nr));
}
#endif

#ifdef HAVE_OPEN_BY_HANDLE_AT
TRACEPOINT_PROBE(syscalls, sys_exit_open_by_handle_at)
{
	return open_at_exit(args, CALL_OPEN_BY_HANDLE_AT, 64,
			    result_at_exit(args->ret, args->__syscall_nr));
}
#endif
