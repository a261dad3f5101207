/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For plans with one program for each open, at its end: the registers that the
 * syscall was entered with are still saved, so it needs no map.
 */
#include "plans/task_registers.h"

static int open_at_exit(void *ctx, enum open_call call, int bits, long ret)
{
	struct open_args open = {};

	read_syscall_args(&open, call, bits);
	return report_open(ctx, PROGRAM_INDEX(call, bits), &open, ret);
}
