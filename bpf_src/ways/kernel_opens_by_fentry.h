/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of kernel_opens.h, hooked by fexit.
 */
#include "ways/kernel_opens.h"

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

	kernel_args(&open, filename, flags, mode);
	return report(ctx, CALL_KERNEL, &open, NULL, result_of(file));
}
