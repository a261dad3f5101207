/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all: opens by execve, and by the kernel for itself.
 *
 * execve opens a program, and then its #! interpreter or its ELF loader, if it
 * has one. It calls do_filp_open() for this, as every open does, but with a
 * flag of its own. A file that the kernel opens for itself, a core dump for
 * example, is opened by file_open_name(). Neither open has a file descriptor.
 *
 * FILP_OPEN_FUNCTION, from the frontend, is do_filp_open, or do_file_open since
 * Linux 7.
 */
#include <uapi/linux/ptrace.h>

#include "extra/kernel_memory.h"
#include "plans/probe_macros.h"
#include "extra/record_values.h"

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

/* The arguments of file_open_name(). */
static void kernel_args(struct open_args *open, const void *filename, u32 flags,
			u16 mode)
{
	open->call = CALL_KERNEL;
	open->dirfd = AT_FDCWD;
	open->kernel_path = copied_path(filename);
	open->flags = flags;
	open->mode = mode;
}
