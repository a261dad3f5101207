/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "fentry": the functions of the plan "kprobe", hooked by fentry and
 * fexit.
 *
 * An fexit program can read both the arguments and the result, so this plan
 * needs no map, unless an option needs to see an open begin. It needs BTF, and
 * costs least: only the hooked functions become slower.
 */
#include "plans/begin_end.h"
#include "plans/probe_macros.h"
#include "plans/registers.h"

/*
 * The argument user_regs points to the program's registers, but isn't used:
 * for open_by_handle_at, the BTF of some kernels (5.10, for example) doesn't
 * say what it points to, and the verifier refuses each read.
 */
#if BEGIN_END
#define AT_BEGIN(call, function)                                               \
	FENTRY_PROBE(function, const struct pt_regs *user_regs)                \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		open_of_task(&open, call);                                     \
		return begin_function(&open);                                  \
	}

#define AT_END(call, function)                                                 \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return end_function(ctx, call, ret);                           \
	}
#else
#define AT_BEGIN(call, function)

#define AT_END(call, function)                                                 \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return report_at_exit(ctx, call, ret);                         \
	}
#endif

#include "plans/function_probes.h"
