/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all: opens within the kernel.
 *
 * execve opens a program, and then its #! interpreter or its ELF loader, if
 * it has one. All of them go through do_filp_open(), as each open does, but
 * with a flag of their own. What the kernel opens for itself, a core dump for
 * example, goes through file_open_name() or, below a directory,
 * file_open_root(). None of these opens has a file descriptor.
 *
 * The frontend names the functions, for they change: FILP_OPEN_FUNCTION is
 * do_filp_open, or since Linux 7 do_file_open.
 */
#include <uapi/linux/ptrace.h>

#include "plans/probe_names.h"

#define OPENED_BY_EXEC 0x20 /* __FMODE_EXEC of linux/fs.h, no O_... flag */

/* From a pointer to a struct file, or an errno in its place. */
static long result_of(const void *file)
{
	long ret = 0;

	/* As a number: the verifier lets nobody compare a kernel's pointer. */
	bpf_probe_read_kernel(&ret, sizeof(ret), &file);
	return ret < 0 && ret >= -LARGEST_ERRNO ? ret : NO_DESCRIPTOR;
}

/* Of a struct filename: a name that the kernel has copied. */
static const char *copied_name(const void *filename)
{
	const char *name = NULL;

	READ_AT(name, filename, FILENAME_NAME);
	return name;
}

/* The arguments of do_filp_open(). False if it isn't for execve. */
static bool exec_args(struct open_args *open, int dirfd, const void *filename,
		      const void *open_flags)
{
	u32 flags = 0;

	READ_AT(flags, open_flags, OPEN_FLAGS_OPEN_FLAG);
	open->call = CALL_EXEC;
	open->dirfd = dirfd;
	open->kernel_path = copied_name(filename);
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

#ifdef INNER_OPENS_BY_FENTRY
FEXIT_PROBE(FILP_OPEN_FUNCTION, int dirfd, const void *filename,
	    const void *open_flags, const void *file)
{
	struct open_args open = {};

	if (!exec_args(&open, dirfd, filename, open_flags))
		return 0;
	return whole_open(ctx, PROGRAM_EXEC, &open, result_of(file));
}

KRETFUNC_PROBE(file_open_name, const void *filename, int flags, u32 mode,
	       const void *file)
{
	struct open_args open = {};

	kernel_args(&open, copied_name(filename), flags, mode);
	return whole_open(ctx, PROGRAM_KERNEL, &open, result_of(file));
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
	return whole_open(ctx, PROGRAM_KERNEL_BELOW, &open, result_of(file));
}
#else
/* What a thread has begun; it opens one such file at a time. */
BPF_HASH(inner, u32, struct open_args, START_ENTRIES);

static int begin_inner(const struct open_args *open)
{
	u64 pid_tgid = caller_pid_tgid();
	u32 tid = bpf_get_current_pid_tgid();

	if (!is_tool(pid_tgid) && !caller_selected(pid_tgid))
		return 0;
	/* Its end never reached us, or it opens one to open another. */
	if (inner.lookup(&tid))
		count(MISSED);
	if (inner.update(&tid, (struct open_args *)open) < 0)
		count(MISSED);
	return 0;
}

static int end_inner(void *ctx, u32 program, enum open_call call,
		     const void *file)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_args *begun = inner.lookup(&tid);
	struct open_args open;

	if (!begun || begun->call != call)
		return 0;
	open = *begun;
	inner.delete(&tid);
	return whole_open(ctx, program, &open, result_of(file));
}

static void forget_inner(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (inner.lookup(&tid))
		count(MISSED);
	inner.delete(&tid);
}

int PROBE_NAME(kprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	struct open_args open = {};

#if defined(TRUSTED) && defined(PLAN_KPROBE)
	/* A function has one kprobe of ours. */
	keep_kernel_name((struct filename *)PT_REGS_PARM2(ctx));
#endif
	if (!exec_args(&open, PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
		       (void *)PT_REGS_PARM3(ctx)))
		return 0;
	return begin_inner(&open);
}

int PROBE_NAME(kretprobe__, FILP_OPEN_FUNCTION)(struct pt_regs *ctx)
{
	return end_inner(ctx, PROGRAM_EXEC, CALL_EXEC, (void *)PT_REGS_RC(ctx));
}

int kprobe__file_open_name(struct pt_regs *ctx)
{
	struct open_args open = {};

	kernel_args(&open, copied_name((void *)PT_REGS_PARM1(ctx)),
		    PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx));
	return begin_inner(&open);
}

int kretprobe__file_open_name(struct pt_regs *ctx)
{
	return end_inner(ctx, PROGRAM_KERNEL, CALL_KERNEL,
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
	return begin_inner(&open);
}

int kretprobe__file_open_root(struct pt_regs *ctx)
{
	return end_inner(ctx, PROGRAM_KERNEL_BELOW, CALL_KERNEL,
			 (void *)PT_REGS_RC(ctx));
}
#endif
