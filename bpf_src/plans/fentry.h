/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "fentry": the functions of the plan "kprobe", hooked by fentry and
 * fexit.
 *
 * An fexit program can read both the arguments and the result, so this plan
 * needs no map, unless an option needs to see an open begin (BEGIN_END). It
 * needs BTF, and costs least: only the hooked functions become slower.
 *
 * The argument user_regs points to the program's registers, but isn't used:
 * for open_by_handle_at, the BTF of some kernels (5.10, for example) doesn't
 * say what it points to, and the verifier refuses each read.
 */
#include "plans/function_ends.h"
#include "plans/probe_macros.h"

#define BEGIN_PROBE(call, function)                                            \
	FENTRY_PROBE(function, const struct pt_regs *user_regs)                \
	{                                                                      \
		struct open_args open = {};                                    \
                                                                               \
		open_of_task(&open, call);                                     \
		return begin_function(ctx, &open);                             \
	}

#define END_PROBE(call, function)                                              \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		return end_function(ctx, call, ret);                           \
	}

#include "plans/function_probes.h"
