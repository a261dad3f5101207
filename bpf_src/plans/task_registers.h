/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of the syscall that the running thread is in.
 */
#ifndef TASK_REGISTERS_H
#define TASK_REGISTERS_H

#include "plans/registers.h"

#ifdef HAVE_TASK_PT_REGS
/*
 * Two helpers of the kernel, since Linux 5.11 and 5.15, that BCC may be too
 * old to know. The verifier knows the type of what they return, so that it can
 * be read like the program's own memory.
 */
static void *(*get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*regs_of_task)(void *task) = (void *)175;

static void read_syscall_args(struct open_args *open, enum open_call call,
			      int bits)
{
	open_of_registers(open, call, bits,
			  regs_of_task(get_current_task_btf()));
}
#else
/*
 * The registers lie at the very end of the thread's kernel stack, where the
 * helper takes them from too: task_pt_regs() in asm/processor.h.
 *
 * Stacks are larger with KASAN, and on arm64 with pages of 64 KiB; and arm64
 * keeps more behind the registers than the struct pt_regs has that is used
 * where there are no kernel headers. There the tool sees no open of its own,
 * and takes another plan.
 */
#define KERNEL_STACK_SIZE (16 * 1024)

static void read_syscall_args(struct open_args *open, enum open_call call,
			      int bits)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	void *stack = KERNEL_FIELD(task, stack);

	open_of_saved_registers(open, call, bits,
				stack + KERNEL_STACK_SIZE -
					sizeof(struct pt_regs));
}
#endif

#endif
