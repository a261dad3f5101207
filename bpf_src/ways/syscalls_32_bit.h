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

/* Did the thread make its syscall in the 32-bit way, with those numbers? */
static bool in_32_bit_call(void)
{
	u32 status = 0;

	READ_AT(status, bpf_get_current_task(),
		TASK_THREAD_INFO + THREAD_INFO_STATUS);
	return status & IN_COMPAT_SYSCALL;
}

/* arch/x86/entry/syscalls/syscall_32.tbl */
static bool opens_32(long number, enum open_call *call)
{
	switch (number) {
	case 5:
		*call = CALL_OPEN_32;
		return true;
	case 8:
		*call = CALL_CREAT_32;
		return true;
	case 295:
		*call = CALL_OPENAT_32;
		return true;
	case 342:
		*call = CALL_OPEN_BY_HANDLE_AT_32;
		return true;
	case 437:
		*call = CALL_OPENAT2_32;
		return true;
	default:
		return false;
	}
}

TRACEPOINT_PROBE(raw_syscalls, sys_exit)
{
	struct open_args open = {};
	enum open_call call;

	if (!opens_32(args->id, &call) || !in_32_bit_call())
		return 0;
	open_of_task(&open, call);
	/* The program for all of these calls is one that finds directories. */
	return report(args, CALL_OPEN_BY_HANDLE_AT_32, &open, NULL,
		      result_at_exit(args->ret, args->id));
}
