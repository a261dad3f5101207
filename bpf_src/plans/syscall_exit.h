/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall-exit": one program at the exit of each syscall that opens a
 * file. The registers that the syscall was entered with are still saved then,
 * so it needs no map.
 *
 * It also sees opens that seccomp refuses, which never reach sys_enter.
 */
#include "plans/exit_result.h"
#include "plans/registers.h"

/* asm/unistd_64.h of x86, asm-generic/unistd.h of arm64 */
static enum open_call call_of_number(long number)
{
	switch (number) {
#ifdef __aarch64__
	case 56:
		return CALL_OPENAT;
	case 265:
		return CALL_OPEN_BY_HANDLE_AT;
#else
	case 2:
		return CALL_OPEN;
	case 85:
		return CALL_CREAT;
	case 257:
		return CALL_OPENAT;
	case 304:
		return CALL_OPEN_BY_HANDLE_AT;
#endif
	case 437:
	default: /* nothing else is attached */
		return CALL_OPENAT2;
	}
}

/* Also attached at the exits of the other calls. */
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	long number = args->__syscall_nr;

	return report_at_exit(args, SYSCALL_EXIT, call_of_number(number),
			      result_at_exit(args->ret, number));
}
