/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of a syscall, from the tracepoints at its exit.
 *
 * These tracepoints are also reached by calls that the kernel never made:
 * seccomp(2) refused them, or a tracer answers in the kernel's place. Where
 * seccomp refuses with a signal, their field ret is no result: the program gets
 * its registers back as they were, so that it can make the call in another way
 * (syscall_rollback() of asm/syscall.h), and ret is the number of the syscall.
 *
 * A program can make a true open look like that. The kernel sends it SIGSYS
 * while the open is under way, if it asked for that signal (F_SETSIG) when
 * somebody opens the file, and the descriptor is the number of the syscall, if
 * that is the lowest one free. Under seccomp, nothing tells these two apart.
 */
#pragma once

#include <uapi/linux/errno.h>

#include "extra/kernel_memory.h"
#include "plans/registers.h"
#include "extra/record_values.h"

#define SIGSYS_BIT (1ULL << (31 - 1))

/* What is under seccomp stays so. The mode is the first field of its struct. */
static bool is_under_seccomp(struct task_struct *task)
{
	int mode = 0;

	if (sizeof(struct seccomp) > 0) /* else without CONFIG_SECCOMP */
		READ_AT(mode, &task->seccomp, 0);
	return mode != 0;
}

/* Such a signal can't be blocked: force_sig_info_to_task(), kernel/signal.c */
static bool sigsys_is_pending(struct task_struct *task)
{
	u64 pending = KERNEL_FIELD(task, pending.signal.sig[0]);
	u64 blocked = KERNEL_FIELD(task, blocked.sig[0]);

	return pending & ~blocked & SIGSYS_BIT;
}

static bool may_be_refused(long ret, long number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return CAN_BE_NUMBER(ret, number) && sigsys_is_pending(task) &&
	       is_under_seccomp(task);
}

/*
 * A descriptor, or a negative errno; -ENOSYS where nothing was called;
 * UNKNOWN_RESULT if that can't be told.
 */
static long result_at_exit(long ret, long number)
{
	/* The kernel returns no such number. */
	if (ret < -LARGEST_ERRNO || ret >= UNKNOWN_RESULT)
		return -ENOSYS;
	return may_be_refused(ret, number) ? UNKNOWN_RESULT : ret;
}
