/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "kprobe": the kernel's own functions for the syscalls that open
 * a file.
 *
 * It also sees what syscall tracepoints don't: programs for 32 bits.
 */
#include "plans/probe_names.h"

#if defined(NO_RETURN_IS_MISSED) && !defined(SEE_BEGIN)
#include "plans/whole_open.h"

#define AT_BEGIN(call, bits, function)

#define AT_END(call, bits, function)                                           \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return open_at_exit(ctx, call, bits, PT_REGS_RC(ctx));         \
	}
#else
/*
 * Where the kernel drops returns, the begin tells how many. A function's one
 * argument is where the program's registers are saved:
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
		return end_open(ctx, PROGRAM(call, bits), PT_REGS_RC(ctx));    \
	}
#endif

#if defined(TRUSTED) && !defined(INNER_OPENS_BY_KPROBE)
int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	keep_kernel_name((struct filename *)PT_REGS_PARM2(ctx));
	return 0;
}
#endif

#include "plans/open_calls.h"
