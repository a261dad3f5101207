/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all, with a plan of tracepoints: opens by 32-bit system calls, which a
 * 64-bit program can make, too (int $0x80).
 *
 * These reach no tracepoint of a single syscall, only the one at the exit of
 * all syscalls. So every syscall of the host becomes a little slower.
 */
#include "plans/exit_result.h"
#include "plans/registers.h"

/* TS_COMPAT of arch/x86/include/asm/thread_info.h */
#define IN_COMPAT_SYSCALL 2

#define NOT_AN_OPEN PROGRAMS /* no call has this number */

/* Did the thread make its syscall in the 32-bit way, with those numbers? */
static bool in_32_bit_call(void)
{
	u32 status = 0;

	READ_AT(status, bpf_get_current_task(),
		TASK_THREAD_INFO + THREAD_INFO_STATUS);
	return status & IN_COMPAT_SYSCALL;
}

/* arch/x86/entry/syscalls/syscall_32.tbl */
static enum open_call call_of_number_32(long number)
{
	switch (number) {
	case 5:
		return CALL_OPEN_32;
	case 8:
		return CALL_CREAT_32;
	case 295:
		return CALL_OPENAT_32;
	case 342:
		return CALL_OPEN_BY_HANDLE_AT_32;
	case 437:
		return CALL_OPENAT2_32;
	default:
		return NOT_AN_OPEN;
	}
}

TRACEPOINT_PROBE(raw_syscalls, sys_exit)
{
	struct open_args open = {};
	enum open_call call = call_of_number_32(args->id);

	if (call == NOT_AN_OPEN || !in_32_bit_call())
		return 0;
	open_of_task(&open, call);
	/* The program for all of these calls is one that finds directories. */
	return report(args, CALL_OPEN_BY_HANDLE_AT_32, &open, NULL,
		      result_at_exit(args->ret, args->id));
}
