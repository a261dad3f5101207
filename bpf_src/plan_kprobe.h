/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "kprobe": the kernel's own function behind all open syscalls.
 *
 * It also sees what syscall tracepoints don't: programs built for 32 bits.
 * OPEN_FUNCTION is the function's name on this kernel. Since Linux 5.6 it is
 *
 *	do_sys_openat2(int dfd, const char __user *filename,
 *		       struct open_how *how)
 *
 * where `how` is a copy in the kernel.
 */
#include <uapi/linux/ptrace.h>
#include "open.h"

#define JOIN(prefix, function)	     prefix##function
#define PROBE_NAME(prefix, function) JOIN(prefix, function)

int PROBE_NAME(kprobe__, OPEN_FUNCTION)(struct pt_regs *ctx)
{
	struct open_how how = {};
	struct open_args open = {
		.user_path = (void *)PT_REGS_PARM2(ctx),
	};

	bpf_probe_read_kernel(&how, sizeof(how), (void *)PT_REGS_PARM3(ctx));
	open.flags = how.flags;
	open.mode = how.mode;
	return begin_open(&open);
}

int PROBE_NAME(kretprobe__, OPEN_FUNCTION)(struct pt_regs *ctx)
{
	return end_open(ctx, (int)PT_REGS_RC(ctx));
}
