/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall-exit": one tracepoint for each syscall that opens a file.
 *
 * When a syscall returns, the registers that it was entered with are still
 * saved. So one program sees an open whole, and needs no map. It also sees
 * opens that seccomp refuses, which never come to sys_enter.
 */
#include "registers.h"

#ifdef HAVE_TASK_PT_REGS
/*
 * Two helpers of the kernel, since Linux 5.11 and 5.15, that BCC may be too
 * old to know. The verifier knows the type of what they return, and so lets
 * us read it like memory of our own.
 */
static void *(*get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*task_pt_regs)(void *task) = (void *)175;

static void args_at_entry(struct syscall_args *args)
{
	args_of_64_bit(args, task_pt_regs(get_current_task_btf()));
}
#else
/*
 * What the helper does on its own: the registers lie at the very end of the
 * thread's kernel stack (task_pt_regs() in asm/processor.h).
 */
#define KERNEL_STACK_SIZE (16 * 1024)

static void args_at_entry(struct syscall_args *args)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	void *stack_end = task->stack + KERNEL_STACK_SIZE;
	struct pt_regs regs = {};

	bpf_probe_read_kernel(&regs, sizeof(regs), stack_end - sizeof(regs));
	args_of_64_bit(args, &regs);
}
#endif

static int exit_of(enum open_call call, void *ctx, long ret)
{
	struct syscall_args args = {};
	struct open_args open = {};

	args_at_entry(&args);
	open_args_of(&open, call, &args);
	return whole_open(ctx, PROGRAM(call, 64), &open, ret);
}

#ifdef HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return exit_of(CALL_OPEN, args, args->ret);
}
#endif

#ifdef HAVE_CREAT
TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return exit_of(CALL_CREAT, args, args->ret);
}
#endif

#ifdef HAVE_OPENAT
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return exit_of(CALL_OPENAT, args, args->ret);
}
#endif

#ifdef HAVE_OPENAT2
TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return exit_of(CALL_OPENAT2, args, args->ret);
}
#endif

#ifdef HAVE_OPEN_BY_HANDLE_AT
TRACEPOINT_PROBE(syscalls, sys_exit_open_by_handle_at)
{
	return exit_of(CALL_OPEN_BY_HANDLE_AT, args, args->ret);
}
#endif
