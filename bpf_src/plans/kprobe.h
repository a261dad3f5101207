/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "kprobe": kprobes on the kernel's functions for the syscalls that
 * open a file.
 *
 * Unlike syscall tracepoints, these functions also serve 32-bit programs.
 */
#include "plans/probe_macros.h"

#if defined(NO_RETURN_IS_MISSED) && !defined(SEE_BEGIN)
#include "plans/exit_only.h"

#define AT_BEGIN(call, bits, function)

#define AT_END(call, bits, function)                                           \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return open_at_exit(ctx, call, bits, PT_REGS_RC(ctx));         \
	}
#else
/*
 * The kernel may drop returns; with a program at the begin, they are counted as
 * missed. The only argument of the function points to the saved registers of
 * the program:
 *
 *	long __x64_sys_openat(const struct pt_regs *regs);
 */
#include "plans/begin_end.h"
#include "plans/registers.h"

#define AT_BEGIN(call, bits, function)                                         \
	int PROBE_NAME(kprobe__, function)(struct pt_regs * ctx)               \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		open_of_saved_registers(&open, call, bits,                     \
					(void *)PT_REGS_PARM1(ctx));           \
		return begin_open(&open);                                      \
	}

#define AT_END(call, bits, function)                                           \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return end_open(ctx, PROGRAM_INDEX(call, bits),                \
				PT_REGS_RC(ctx));                              \
	}
#endif

#if defined(TRUSTED) && !defined(KERNEL_OPENS_BY_KPROBE)
int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	note_kernel_name((struct filename *)PT_REGS_PARM2(ctx));
	return 0;
}
#endif

#include "plans/function_probes.h"
