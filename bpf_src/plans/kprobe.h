/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "kprobe": kprobes on the kernel's functions for the syscalls that
 * open a file.
 *
 * Unlike syscall tracepoints, these functions also serve 32-bit system calls.
 * Their only argument points to the saved registers of the program:
 *
 *	long __x64_sys_openat(const struct pt_regs *regs);
 *
 * The kernel may drop returns; with a program at the begin (BEGIN_END), these
 * are counted as missed.
 */
#include "plans/function_ends.h"
#include "plans/probe_macros.h"

#define BEGIN_PROBE(call, function)                                            \
	int PROBE_NAME(kprobe__, function)(struct pt_regs * ctx)               \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		open_of_saved_registers(&open, call,                           \
					(void *)PT_REGS_PARM1(ctx));           \
		return begin_function(ctx, &open);                             \
	}

#define END_PROBE(call, function)                                              \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return end_function(ctx, call, PT_REGS_RC(ctx));               \
	}

#include "plans/function_probes.h"
