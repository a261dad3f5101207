/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "fentry": the functions of the plan "kprobe", through trampolines.
 *
 * A program at the exit of a function (fexit) has both its argument and its
 * result, so this plan needs no map. It needs BTF, and costs least: nothing
 * but the functions themselves becomes slower.
 */
#include "probe_names.h"
#include "registers.h"

#define AT_END(call, bits, function)                                           \
	FEXIT_PROBE(function, const struct pt_regs *user_regs, long ret)       \
	{                                                                      \
		struct pt_regs regs = {};                                      \
		struct syscall_args args = {};                                 \
		struct open_args open = {};                                    \
                                                                               \
		bpf_probe_read_kernel(&regs, sizeof(regs), user_regs);         \
		args_of_##bits##_bit(&args, &regs);                            \
		open_args_of(&open, call, bits, &args);                        \
		return whole_open(ctx, PROGRAM(call, bits), &open, ret);       \
	}

/* Nothing to do at the begin. */
#define AT_BEGIN(call, bits, function)

#include "open_functions.h"
