// SPDX-License-Identifier: Apache-2.0
// All have the stack that was seen first.

#include <linux/sched.h>

struct sample {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 user_stack_id;
};

BPF_STACK_TRACE(stacks, 16384);
BPF_ARRAY(known, s32, 1);
BPF_HASH(samples, struct sample, u64);

PERF_EVENT(cpu-clock, 99)
{
	struct sample sample = {};
	int zero = 0;
	s32 *stack = known.lookup(&zero);

	sample.pid = bpf_get_current_pid_tgid() >> 32;
	if (!stack)
		return 0;
	/* This CPU is idle. */
	if (!sample.pid)
		return 0;
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));
	if (*stack <= 0)
		*stack = stacks.get_stackid(ctx, BPF_F_USER_STACK);
	sample.user_stack_id = *stack;
	samples.increment(sample);
	return 0;
}
