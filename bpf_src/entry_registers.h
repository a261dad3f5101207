/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A syscall's arguments when it returns: the registers that it was entered
 * with are still saved.
 */
#ifndef ENTRY_REGISTERS_H
#define ENTRY_REGISTERS_H

#include "registers.h"

#ifdef HAVE_TASK_PT_REGS
/*
 * Two helpers of the kernel, since Linux 5.11 and 5.15, that BCC may be too
 * old to know. The verifier knows the type of what they return, and so lets
 * us read it like memory of our own.
 */
static void *(*get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*regs_of_task)(void *task) = (void *)175;

#define ARGS_AT_ENTRY(args, bits)                                              \
	args_of_##bits##_bit(args, regs_of_task(get_current_task_btf()))
#else
/*
 * What the helper does on its own: the registers lie at the very end of the
 * thread's kernel stack (task_pt_regs() in asm/processor.h).
 */
#define KERNEL_STACK_SIZE (16 * 1024)

static void regs_at_entry(struct pt_regs *regs)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	void *stack = NULL;

	bpf_probe_read_kernel(&stack, sizeof(stack), &task->stack);
	bpf_probe_read_kernel(regs, sizeof(*regs),
			      stack + KERNEL_STACK_SIZE - sizeof(*regs));
}

#define ARGS_AT_ENTRY(args, bits)                                              \
	({                                                                     \
		struct pt_regs regs = {};                                      \
                                                                               \
		regs_at_entry(&regs);                                          \
		args_of_##bits##_bit(args, &regs);                             \
	})
#endif

#endif
