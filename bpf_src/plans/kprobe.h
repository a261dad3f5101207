/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "kprobe": kprobes on the kernel's functions for the syscalls that
 * open a file.
 *
 * Unlike syscall tracepoints, these functions also serve 32-bit programs.
 */
#include "plans/begin_end.h"
#include "plans/probe_macros.h"
#include "plans/registers.h"

#if BEGIN_END
/*
 * The kernel may drop returns; with a program at the begin, they are counted as
 * missed. The only argument of the function points to the saved registers of
 * the program:
 *
 *	long __x64_sys_openat(const struct pt_regs *regs);
 */
#define AT_BEGIN(call, function)                                               \
	int PROBE_NAME(kprobe__, function)(struct pt_regs * ctx)               \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		open_of_saved_registers(&open, call,                           \
					(void *)PT_REGS_PARM1(ctx));           \
		return begin_function(&open);                                  \
	}

#define AT_END(call, function)                                                 \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return end_function(ctx, call, PT_REGS_RC(ctx));               \
	}
#else
#define AT_BEGIN(call, function)

#define AT_END(call, function)                                                 \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return report_at_exit(ctx, call, PT_REGS_RC(ctx));             \
	}
#endif

#include "plans/function_probes.h"
