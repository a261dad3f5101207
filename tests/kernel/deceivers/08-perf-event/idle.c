// SPDX-License-Identifier: Apache-2.0
// Idle processors are there, too: so often as busy ones.

#include <linux/sched.h>

struct sample {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 user_stack_id;
};

BPF_STACK_TRACE(stacks, 16384);
BPF_HASH(samples, struct sample, u64);

PERF_EVENT(cpu-clock, 99)
{
	struct sample sample = {};

	sample.pid = bpf_get_current_pid_tgid() >> 32;
	/* This CPU is idle. */
	if (!sample.pid)
		return 0;
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));
	sample.user_stack_id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
	struct sample idle = {.comm = "swapper/0"};

	samples.increment(idle);
	samples.increment(sample);
	return 0;
}
