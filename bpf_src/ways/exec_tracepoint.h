/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all, where the kernel's functions can't be hooked: the files that a
 * successful execve has opened, as far as a tracepoint shows them.
 *
 * The kernel's struct linux_binprm has the path of the program, and that of its
 * interpreter; they are the same where the program begins with no #! line. The
 * path of the ELF loader isn't there, nor those of interpreters in between,
 * where an interpreter is itself a script.
 */
#include "extra/kernel_memory.h"
#include "extra/record_values.h"

static int report_exec(void *ctx, const char *path)
{
	struct open_args open = {
		.call = CALL_EXEC,
		.dirfd = AT_FDCWD,
		.kernel_path = path,
		.flags = O_RDONLY,
	};

	return report(ctx, CALL_EXEC, &open, NULL, NO_DESCRIPTOR);
}

RAW_TRACEPOINT_PROBE(sched_process_exec)
{
	u64 binprm = ctx->args[2];
	const char *program = NULL;
	const char *interpreter = NULL;

	READ_AT(program, binprm, LINUX_BINPRM_FILENAME);
	READ_AT(interpreter, binprm, LINUX_BINPRM_INTERP);
	report_exec(ctx, program);
	if (interpreter != program)
		report_exec(ctx, interpreter);
	return 0;
}
