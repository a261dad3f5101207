/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "kprobe": the kernel's own functions for the syscalls that open
 * a file.
 *
 * It also sees what syscall tracepoints don't: programs for 32 bits. A
 * function's one argument is where the program's registers are saved:
 *
 *	long __x64_sys_openat(const struct pt_regs *regs);
 */
#include "begin_end.h"
#include "probe_names.h"
#include "registers.h"

#define AT_BEGIN(call, bits, function)                                         \
	int PROBE_NAME(kprobe__, function)(struct pt_regs * ctx)               \
	{                                                                      \
		struct pt_regs regs = {};                                      \
		struct syscall_args args = {};                                 \
		struct open_args open = {};                                    \
                                                                               \
		bpf_probe_read_kernel(&regs, sizeof(regs),                     \
				      (void *)PT_REGS_PARM1(ctx));             \
		args_of_##bits##_bit(&args, &regs);                            \
		open_args_of(&open, call, bits, &args);                        \
		return begin_open(&open);                                      \
	}

#define AT_END(call, bits, function)                                           \
	int PROBE_NAME(kretprobe__, function)(struct pt_regs * ctx)            \
	{                                                                      \
		return end_open(ctx, PROGRAM(call, bits), PT_REGS_RC(ctx));    \
	}

#if defined(TRUSTED) && !defined(INNER_OPENS_BY_KPROBE)
int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	keep_kernel_name((struct filename *)PT_REGS_PARM2(ctx));
	return 0;
}
#endif

#include "open_functions.h"
