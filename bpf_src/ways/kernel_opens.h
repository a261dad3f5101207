/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all: opens by execve, and by the kernel for itself.
 *
 * execve opens a program, and then its #! interpreter or its ELF loader, if it
 * has one. It calls do_filp_open() for this, as every open does, but with a
 * flag of its own. A file that the kernel opens for itself, a core dump for
 * example, is opened by file_open_name(), or by file_open_root() if it is below
 * a given directory. None of these opens has a file descriptor.
 *
 * FILP_OPEN_FUNCTION, from the frontend, is do_filp_open, or do_file_open since
 * Linux 7.
 */
#include <uapi/linux/ptrace.h>

#include "extra/kernel_memory.h"
#include "plans/probe_macros.h"
#include "ways/results.h"

#define OPENED_BY_EXEC 0x20 /* __FMODE_EXEC of linux/fs.h, no O_... flag */

/* `file` is a pointer to a struct file, or an errno in its place. */
static long result_of(const void *file)
{
	long ret = 0;

	/* The verifier allows comparing a number, but not a kernel pointer. */
	bpf_probe_read_kernel(&ret, sizeof(ret), &file);
	return ret < 0 && ret >= -LARGEST_ERRNO ? ret : NO_DESCRIPTOR;
}

/* The path in a struct filename, which the kernel has copied. */
static const char *copied_path(const void *filename)
{
	const char *name = NULL;

	READ_AT(name, filename, FILENAME_NAME);
	return name;
}

/* The arguments of do_filp_open(). False unless execve called it. */
static bool exec_args(struct open_args *open, int dirfd, const void *filename,
		      const void *open_flags)
{
	u32 flags = 0;

	READ_AT(flags, open_flags, OPEN_FLAGS_OPEN_FLAG);
	open->call = CALL_EXEC;
	open->dirfd = dirfd;
	open->kernel_path = copied_path(filename);
	open->flags = flags & ~OPENED_BY_EXEC;
	return flags & OPENED_BY_EXEC;
}

static void kernel_args(struct open_args *open, const char *name, u32 flags,
			u16 mode)
{
	open->call = CALL_KERNEL;
	open->dirfd = AT_FDCWD;
	open->kernel_path = name;
	open->flags = flags;
	open->mode = mode;
}

#if KERNEL_OPENS_BY_FENTRY
FEXIT_PROBE(FILP_OPEN_FUNCTION, int dirfd, const void *filename,
	    const void *open_flags, const void *file)
{
	struct open_args open = {};

	if (!exec_args(&open, dirfd, filename, open_flags))
		return 0;
	return report(ctx, CALL_EXEC, &open, NULL, result_of(file));
}

KRETFUNC_PROBE(file_open_name, const void *filename, int flags, u32 mode,
	       const void *file)
{
	struct open_args open = {};

	kernel_args(&open, copied_path(filename), flags, mode);
	return report(ctx, CALL_KERNEL, &open, NULL, result_of(file));
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
KRETFUNC_PROBE(file_open_root, const void *dentry, const void *mount,
	       const char *name, int flags, u32 mode, const void *file)
#else
KRETFUNC_PROBE(file_open_root, const void *root, const char *name, int flags,
	       u32 mode, const void *file)
#endif
{
	struct open_args open = {};

	kernel_args(&open, name, flags, mode);
	return report(ctx, KERNEL_BELOW, &open, NULL, result_of(file));
}
#else
/* By thread, while such an open is under way: one at a time. */
BPF_HASH(kernel_opens, u32, struct open_args, START_ENTRIES);

static int begin_kernel_open(const struct open_args *open)
{
	u64 pid_tgid = caller_pid_tgid();
	u32 tid = bpf_get_current_pid_tgid();

	if (!caller_selected(pid_tgid))
		return 0;
	/* The end of the last one was never seen, or it isn't over yet. */
	if (kernel_opens.lookup(&tid))
		count(MISSED);
	if (kernel_opens.update(&tid, (struct open_args *)open) < 0)
		count(MISSED);
	return 0;
}

static int end_kernel_open(void *ctx, u32 program, enum open_call call,
			   const void *file)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_args *begun = kernel_opens.lookup(&tid);
	struct open_args open;

	if (!begun || begun->call != call)
		return 0;
	open = *begun;
	kernel_opens.delete(&tid);
	return report(ctx, program, &open, NULL, result_of(file));
}

static void forget_kernel_open(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (kernel_opens.lookup(&tid))
		count(MISSED);
	kernel_opens.delete(&tid);
}

int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	struct open_args open = {};

#if TRUSTED /* its kprobe would be on the same function: extra/trusted.h */
	note_kernel_name((struct filename *)PT_REGS_PARM2(ctx));
#endif
	if (!exec_args(&open, PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
		       (void *)PT_REGS_PARM3(ctx)))
		return 0;
	return begin_kernel_open(&open);
}

int PROBE_NAME(kretprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	return end_kernel_open(ctx, CALL_EXEC, CALL_EXEC,
			       (void *)PT_REGS_RC(ctx));
}

int kprobe__file_open_name(struct pt_regs *ctx)
{
	struct open_args open = {};

	kernel_args(&open, copied_path((void *)PT_REGS_PARM1(ctx)),
		    PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx));
	return begin_kernel_open(&open);
}

int kretprobe__file_open_name(struct pt_regs *ctx)
{
	return end_kernel_open(ctx, CALL_KERNEL, CALL_KERNEL,
			       (void *)PT_REGS_RC(ctx));
}

int kprobe__file_open_root(struct pt_regs *ctx)
{
	struct open_args open = {};

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
	kernel_args(&open, (void *)PT_REGS_PARM3(ctx), PT_REGS_PARM4(ctx),
		    PT_REGS_PARM5(ctx));
#else
	kernel_args(&open, (void *)PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx),
		    PT_REGS_PARM4(ctx));
#endif
	return begin_kernel_open(&open);
}

int kretprobe__file_open_root(struct pt_regs *ctx)
{
	return end_kernel_open(ctx, KERNEL_BELOW, CALL_KERNEL,
			       (void *)PT_REGS_RC(ctx));
}
#endif
