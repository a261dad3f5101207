/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uapi/linux/ptrace.h>
struct bpf_perf_event_data {
#if defined(__aarch64__)
	struct {
		unsigned long long regs[31], sp, pc, pstate;
	} regs;
#elif defined(__x86_64__)
	struct pt_regs regs;
#endif
	__u64 sample_period, addr;
};
