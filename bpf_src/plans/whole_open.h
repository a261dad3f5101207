/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open when its syscall returns: the registers that it was entered with are
 * still saved, so one program sees it whole, and needs no map.
 */
#ifndef ENTRY_REGISTERS_H
#define ENTRY_REGISTERS_H

#include "plans/registers.h"

#ifdef HAVE_TASK_PT_REGS
/*
 * Two helpers of the kernel, since Linux 5.11 and 5.15, that BCC may be too
 * old to know. The verifier knows the type of what they return, and so lets
 * us read it like memory of our own.
 */
static void *(*get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*regs_of_task)(void *task) = (void *)175;

static void open_at_entry(struct open_args *open, enum open_call call, int bits)
{
	open_of_registers(open, call, bits,
			  regs_of_task(get_current_task_btf()));
}
#else
/*
 * What the helper does on its own: the registers lie at the very end of the
 * thread's kernel stack (task_pt_regs() in asm/processor.h).
 *
 * With KASAN, and on arm64 with pages of 64 KiB, stacks are larger; and arm64
 * keeps more behind the registers than a struct pt_regs without kernel headers
 * has. There the tool sees no open of its own, and takes another plan.
 */
#define KERNEL_STACK_SIZE (16 * 1024)

static void open_at_entry(struct open_args *open, enum open_call call, int bits)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	void *stack = KERNEL_FIELD(task, stack);

	open_of_saved_registers(open, call, bits,
				stack + KERNEL_STACK_SIZE -
					sizeof(struct pt_regs));
}
#endif

static int open_at_exit(void *ctx, enum open_call call, int bits, long ret)
{
	struct open_args open = {};

	open_at_entry(&open, call, bits);
	return whole_open(ctx, PROGRAM(call, bits), &open, ret);
}

#endif
