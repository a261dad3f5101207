/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of an open, from the registers that the program had when it
 * entered the kernel. The kernel keeps them on the thread's kernel stack until
 * the syscall returns, and takes the arguments from there too:
 * asm/syscall_wrapper.h of x86 and arm64.
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <uapi/linux/ptrace.h>

struct syscall_args {
	unsigned long first, second, third, fourth;
};

#if defined(__x86_64__)

static void args_of_64_bit(struct syscall_args *args,
			   const struct pt_regs *regs)
{
	args->first = regs->di;
	args->second = regs->si;
	args->third = regs->dx;
	args->fourth = regs->r10;
}

/* In the 32-bit way: by int 0x80 or sysenter. */
static void args_of_32_bit(struct syscall_args *args,
			   const struct pt_regs *regs)
{
	args->first = (u32)regs->bx;
	args->second = (u32)regs->cx;
	args->third = (u32)regs->dx;
	args->fourth = (u32)regs->si;
}

#elif defined(__aarch64__)

/*
 * The first argument is in orig_x0, where the kernel copies it before it does
 * anything for the syscall: the result overwrites regs[0].
 */
static void args_of_64_bit(struct syscall_args *args,
			   const struct pt_regs *regs)
{
	args->first = regs->orig_x0;
	args->second = regs->regs[1];
	args->third = regs->regs[2];
	args->fourth = regs->regs[3];
}

/* The same registers, and as in the kernel, nothing is cut off. */
#define args_of_32_bit args_of_64_bit

#endif

/* `bits` says in which way the syscall was made. */
static void args_of(struct syscall_args *args, int bits,
		    const struct pt_regs *regs)
{
	if (bits == 32)
		args_of_32_bit(args, regs);
	else
		args_of_64_bit(args, regs);
}

static void open_args_of(struct open_args *open, enum open_call call, int bits,
			 const struct syscall_args *args)
{
	open->call = call;
	open->is_32_bit = bits == 32;
	open->dirfd = AT_FDCWD;
	switch (call) {
	case CALL_OPEN:
		open->user_path = (const char *)args->first;
		open->flags = (u32)args->second;
		open->mode = (umode_t)args->third;
		break;
	case CALL_CREAT:
		open->user_path = (const char *)args->first;
		open->flags = O_CREAT | O_WRONLY | O_TRUNC;
		open->mode = (umode_t)args->second;
		break;
	case CALL_OPENAT:
		open->dirfd = args->first;
		open->user_path = (const char *)args->second;
		open->flags = (u32)args->third;
		open->mode = (umode_t)args->fourth;
		break;
	case CALL_OPENAT2:
		open->dirfd = args->first;
		open->user_path = (const char *)args->second;
		open->user_how = (const struct open_how *)args->third;
		break;
	case CALL_OPEN_BY_HANDLE_AT:
		open->flags = (u32)args->third;
		break;
	default: /* no syscall */
		break;
	}
}

/* The open that the program asks for, by its registers. */
static void open_of_registers(struct open_args *open, enum open_call call,
			      int bits, const struct pt_regs *regs)
{
	struct syscall_args args = {};

	args_of(&args, bits, regs);
	open_args_of(open, call, bits, &args);
}

/* The same, where the registers must first be read from kernel memory. */
static void open_of_saved_registers(struct open_args *open, enum open_call call,
				    int bits, const void *saved)
{
	struct pt_regs regs = {};

	bpf_probe_read_kernel(&regs, sizeof(regs), saved);
	open_of_registers(open, call, bits, &regs);
}

#endif
