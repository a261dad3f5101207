/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "fentry": the functions of the plan "kprobe", hooked by fentry and
 * fexit.
 *
 * An fexit program can read both the arguments and the result, so this plan
 * needs no map, unless an option needs to see an open begin (SEE_BEGIN). It
 * needs BTF, and costs least: only the hooked functions become slower.
 */
#include "plans/exit_only.h"
#include "plans/probe_macros.h"

/*
 * The argument user_regs points to the program's registers, but isn't used:
 * for open_by_handle_at, the BTF of some kernels (5.10, for example) doesn't
 * say what it points to, and the verifier refuses each read.
 */

#ifdef SEE_BEGIN
#include "plans/begin_end.h"

#define AT_BEGIN(call, bits, function)                                         \
	FENTRY_PROBE(function, const struct pt_regs *user_regs)                \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		read_syscall_args(&open, call, bits);                          \
		return begin_open(&open);                                      \
	}

#define AT_END(call, bits, function)                                           \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return end_open(ctx, PROGRAM_INDEX(call, bits), ret);          \
	}

#ifdef TRUSTED
FENTRY_PROBE(FILP_OPEN_FUNCTION, int dirfd, struct filename *filename)
{
	note_kernel_name(filename);
	return 0;
}
#endif

#else
/* No program at the begin. */
#define AT_BEGIN(call, bits, function)

#define AT_END(call, bits, function)                                           \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return open_at_exit(ctx, call, bits, ret);                     \
	}
#endif

#include "plans/function_probes.h"
