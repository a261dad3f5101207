/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of a syscall, from the tracepoints at its exit.
 *
 * These tracepoints are also reached by calls that the kernel never made:
 * seccomp(2) refused them, or a tracer answers in the kernel's place. Where
 * seccomp refuses with a signal, their field ret is no result.
 */
#ifndef EXIT_RESULT_H
#define EXIT_RESULT_H

#include <uapi/linux/errno.h>

#include "extra/kernel_memory.h"
#include "plans/registers.h"
#include "extra/results.h"

#define SIGSYS_BIT (1ULL << (31 - 1))

/* Such a signal can't be blocked: force_sig_info_to_task(), kernel/signal.c */
static bool sigsys_is_pending(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 pending = KERNEL_FIELD(task, pending.signal.sig[0]);
	u64 blocked = KERNEL_FIELD(task, blocked.sig[0]);

	return pending & ~blocked & SIGSYS_BIT;
}

/*
 * With the signal, the program gets its registers back as they were, so that
 * it can make the call in another way: syscall_rollback() of asm/syscall.h.
 * What looks like a result is the number of the syscall.
 */
static bool refused_with_signal(long ret, long number)
{
	return CAN_BE_NUMBER(ret, number) && sigsys_is_pending();
}

/* A descriptor, or a negative errno; -ENOSYS where nothing was called. */
static long result_at_exit(long ret, long number)
{
	/* The kernel returns no such number. */
	if (ret < -LARGEST_ERRNO || ret >= UNKNOWN_RESULT)
		return -ENOSYS;
	return refused_with_signal(ret, number) ? -ENOSYS : ret;
}

#endif
