/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all, with a plan of tracepoints: opens by programs for 32 bits.
 *
 * Those reach no tracepoint of a single syscall, but the one that each syscall
 * reaches when it returns. So every syscall of the host becomes a little
 * slower.
 */
#include "plans/whole_open.h"
#include "plans/exit_arguments.h"

/* One for all of these calls; only this one looks up directories. */
#define PROGRAM_32_BITS PROGRAM(CALL_OPEN_BY_HANDLE_AT, 32)

/* TS_COMPAT of arch/x86/include/asm/thread_info.h */
#define CALLED_WITH_32_BITS 2

/* Has the thread called as programs for 32 bits do, with their numbers? */
static bool in_32_bit_call(void)
{
	u32 status = 0;

	READ_AT(status, bpf_get_current_task(),
		TASK_THREAD_INFO + THREAD_INFO_STATUS);
	return status & CALLED_WITH_32_BITS;
}

/* arch/x86/entry/syscalls/syscall_32.tbl */
static bool opens_32(long number, enum open_call *call)
{
	switch (number) {
	case 5:
		*call = CALL_OPEN;
		return true;
	case 8:
		*call = CALL_CREAT;
		return true;
	case 295:
		*call = CALL_OPENAT;
		return true;
	case 342:
		*call = CALL_OPEN_BY_HANDLE_AT;
		return true;
	case 437:
		*call = CALL_OPENAT2;
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
	open_at_entry(&open, call, 32);
	return whole_open(args, PROGRAM_32_BITS, &open,
			  result_at_exit(args->ret, args->id));
}
