/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of a syscall, as the tracepoints at its exit tell it.
 *
 * They also tell of calls that the kernel never made, since seccomp(2) refused
 * them or a tracer answers in its place. Where seccomp refuses with a signal,
 * what they tell is no result.
 */
#ifndef SYSCALL_EXIT_H
#define SYSCALL_EXIT_H

#include <uapi/linux/errno.h>

#define SIGSYS_BIT (1ULL << (31 - 1))

/* It can't be blocked: force_sig_info_to_task() of kernel/signal.c */
static bool sigsys_is_on_its_way(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 pending = KERNEL_FIELD(task, pending.signal.sig[0]);
	u64 blocked = KERNEL_FIELD(task, blocked.sig[0]);

	return pending & ~blocked & SIGSYS_BIT;
}

/*
 * With the signal, the program gets its registers back as they were, so that
 * it can do the call in another way: syscall_rollback() of asm/syscall.h. What
 * looks like a result is the number of the syscall.
 */
static bool refused_with_signal(long ret, long number)
{
#ifdef __aarch64__ /* or the first argument, which can be anything */
	return sigsys_is_on_its_way();
#else
	return ret == number && sigsys_is_on_its_way();
#endif
}

/* A descriptor, or a negative errno; -ENOSYS where nothing was called. */
static long result_at_exit(long ret, long number)
{
	if (ret < -LARGEST_ERRNO || ret >= NOT_TOLD) /* no kernel says that */
		return -ENOSYS;
	return refused_with_signal(ret, number) ? -ENOSYS : ret;
}

#endif
