/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of an open, from the registers that the program had when it
 * entered the kernel. The kernel keeps them on the thread's kernel stack until
 * the syscall returns, and takes the arguments from there too:
 * asm/syscall_wrapper.h of x86 and arm64.
 */
#pragma once

#include <uapi/linux/ptrace.h>

#include "extra/kernel_memory.h"
#include "plans/openat2.h"

struct syscall_args {
	unsigned long first, second, third, fourth;
};

#ifdef __aarch64__
/*
 * The first argument is in orig_x0, where the kernel copies it before it does
 * anything for the syscall: the result overwrites regs[0].
 */
static struct syscall_args args_of_64_bit(const struct pt_regs *regs)
{
	return (struct syscall_args){regs->orig_x0, regs->regs[1],
				     regs->regs[2], regs->regs[3]};
}

/* The same registers, and as in the kernel, nothing is cut off. */
#define args_of_32_bit args_of_64_bit

/* The register of the result may still have the first argument: anything. */
#define CAN_BE_NUMBER(ret, number) true
#else /* x86-64 */
static struct syscall_args args_of_64_bit(const struct pt_regs *regs)
{
	return (struct syscall_args){regs->di, regs->si, regs->dx, regs->r10};
}

/* In the 32-bit way: by int 0x80 or sysenter. */
static struct syscall_args args_of_32_bit(const struct pt_regs *regs)
{
	return (struct syscall_args){(u32)regs->bx, (u32)regs->cx,
				     (u32)regs->dx, (u32)regs->si};
}

#define CAN_BE_NUMBER(ret, number) ((ret) == (number))
#endif

/* The open that the program asks for, by its registers. */
static void open_of_registers(struct open_args *open, enum open_call call,
			      const struct pt_regs *regs)
{
	struct syscall_args args = {};

	open->call = call;
	open->dirfd = AT_FDCWD;
	if (call >= CALL_OPEN_32) {
		args = args_of_32_bit(regs);
		call -= CALL_OPEN_32; /* the arguments are those of 64-bit */
	} else {
		args = args_of_64_bit(regs);
	}
	switch (call) {
	case CALL_OPEN:
		open->user_path = (const char *)args.first;
		open->flags = (u32)args.second;
		open->mode = (umode_t)args.third;
		break;
	case CALL_CREAT:
		open->user_path = (const char *)args.first;
		open->flags = O_CREAT | O_WRONLY | O_TRUNC;
		open->mode = (umode_t)args.second;
		break;
	case CALL_OPENAT:
		open->dirfd = args.first;
		open->user_path = (const char *)args.second;
		open->flags = (u32)args.third;
		open->mode = (umode_t)args.fourth;
		break;
	case CALL_OPENAT2:
		open->dirfd = args.first;
		open->user_path = (const char *)args.second;
		open->user_how = (const struct open_how *)args.third;
		read_how(open);
		break;
	default: /* open_by_handle_at, which has no path */
		open->flags = (u32)args.third;
		break;
	}
}

/* The same, where the registers must first be read from kernel memory. */
static void open_of_saved_registers(struct open_args *open, enum open_call call,
				    const void *saved)
{
	struct pt_regs regs = {};

	bpf_probe_read_kernel(&regs, sizeof(regs), saved);
	open_of_registers(open, call, &regs);
}

#if HAVE_TASK_PT_REGS
/*
 * Two helpers of the kernel, since Linux 5.11 and 5.15, that BCC may be too
 * old to know. The verifier knows the type of what they return, so that it can
 * be read like the program's own memory.
 */
static void *(*get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*regs_of_task)(void *task) = (void *)175;

static void open_of_task(struct open_args *open, enum open_call call)
{
	open_of_registers(open, call, regs_of_task(get_current_task_btf()));
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

static void open_of_task(struct open_args *open, enum open_call call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	void *stack = KERNEL_FIELD(task, stack);

	open_of_saved_registers(
		open, call, stack + KERNEL_STACK_SIZE - sizeof(struct pt_regs));
}
#endif

/* For hooks where a syscall ends. */
static int report_at_exit(void *ctx, u32 program, enum open_call call, long ret)
{
	struct open_args open = {};

	open_of_task(&open, call);
	return report(ctx, program, &open, NULL, ret);
}
