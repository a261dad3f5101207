/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "fentry": the functions of the plan "kprobe", through trampolines.
 *
 * A program at the exit of a function (fexit) has both its argument and its
 * result, so this plan needs no map, unless somebody asks for what only the
 * begin of an open tells (SEE_BEGIN). It needs BTF, and costs least: nothing
 * but the functions themselves becomes slower.
 */
#include "plans/whole_open.h"
#include "plans/probe_names.h"

/*
 * A function's argument points to the program's registers, but isn't read: for
 * open_by_handle_at of some kernels (5.10, say) BTF doesn't tell what it points
 * to, and the verifier refuses all of it.
 */

#ifdef SEE_BEGIN
#include "plans/begin_end.h"

#define AT_BEGIN(call, bits, function)                                         \
	FENTRY_PROBE(function, const struct pt_regs *user_regs)                \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		open_at_entry(&open, call, bits);                              \
		return begin_open(&open);                                      \
	}

#define AT_END(call, bits, function)                                           \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return end_open(ctx, PROGRAM(call, bits), ret);                \
	}

#ifdef TRUSTED
FENTRY_PROBE(FILP_OPEN_FUNCTION, int dirfd, struct filename *filename)
{
	keep_kernel_name(filename);
	return 0;
}
#endif

#else
/* Nothing to do at the begin. */
#define AT_BEGIN(call, bits, function)

#define AT_END(call, bits, function)                                           \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return open_at_exit(ctx, call, bits, ret);                     \
	}
#endif

#include "plans/open_calls.h"
