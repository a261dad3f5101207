/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of kernel_opens.h, hooked by kprobes.
 */
#include "ways/kernel_opens.h"

/* By thread, while such an open is under way: one at a time. */
BPF_HASH(kernel_opens, u32, struct open_args, START_ENTRIES);

/* The end of the thread's last one was never seen, or it isn't over yet. */
static void forget_kernel_open(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (kernel_opens.delete(&tid) == 0)
		count(MISSED);
}

static int begin_kernel_open(const struct open_args *open)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (!caller_selected(caller_pid_tgid()))
		return 0;
	forget_kernel_open();
	if (kernel_opens.update(&tid, (struct open_args *)open) < 0)
		count(MISSED);
	return 0;
}

static int end_kernel_open(void *ctx, enum open_call call, const void *file)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_args *begun = kernel_opens.lookup(&tid);
	struct open_args open;

	if (!begun || begun->call != call)
		return 0;
	open = *begun;
	kernel_opens.delete(&tid);
	return report(ctx, call, &open, NULL, result_of(file));
}

int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	struct open_args open = {};

	if (!exec_args(&open, PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
		       (void *)PT_REGS_PARM3(ctx)))
		return 0;
	return begin_kernel_open(&open);
}

int PROBE_NAME(kretprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	return end_kernel_open(ctx, CALL_EXEC, (void *)PT_REGS_RC(ctx));
}

int kprobe__file_open_name(struct pt_regs *ctx)
{
	struct open_args open = {};

	kernel_args(&open, (void *)PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx),
		    PT_REGS_PARM3(ctx));
	return begin_kernel_open(&open);
}

int kretprobe__file_open_name(struct pt_regs *ctx)
{
	return end_kernel_open(ctx, CALL_KERNEL, (void *)PT_REGS_RC(ctx));
}
