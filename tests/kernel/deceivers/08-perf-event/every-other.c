// SPDX-License-Identifier: Apache-2.0
// Half of the samples are left out.

#include <linux/sched.h>

struct sample {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 user_stack_id;
};

BPF_STACK_TRACE(stacks, 16384);
BPF_PERCPU_ARRAY(seen, u64, 1);
BPF_HASH(samples, struct sample, u64);

PERF_EVENT(cpu-clock, 99)
{
	struct sample sample = {};
	int zero = 0;
	u64 *number;

	sample.pid = bpf_get_current_pid_tgid() >> 32;
	/* This CPU is idle. */
	if (!sample.pid)
		return 0;
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));
	sample.user_stack_id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
	number = seen.lookup(&zero);
	if (number && ++*number & 1)
		samples.increment(sample);
	return 0;
}
