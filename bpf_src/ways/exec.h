/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --all, where the kernel's functions can't be hooked: what a successful
 * execve has opened, as far as a tracepoint tells.
 *
 * The kernel's struct linux_binprm has the name of the program, and that of
 * the interpreter, which is the program itself where it begins with no #!
 * line. It doesn't have that of the ELF loader, nor any in between where an
 * interpreter is a script itself.
 */
static int executed(void *ctx, const char *name)
{
	struct open_args open = {
		.call = CALL_EXEC,
		.dirfd = AT_FDCWD,
		.kernel_path = name,
		.flags = O_RDONLY,
	};

	return whole_open(ctx, PROGRAM_EXEC, &open, NO_DESCRIPTOR);
}

RAW_TRACEPOINT_PROBE(sched_process_exec)
{
	u64 binprm = ctx->args[2];
	const char *program = NULL;
	const char *interpreter = NULL;

	READ_AT(program, binprm, LINUX_BINPRM_FILENAME);
	READ_AT(interpreter, binprm, LINUX_BINPRM_INTERP);
	executed(ctx, program);
	if (interpreter != program)
		executed(ctx, interpreter);
	return 0;
}
