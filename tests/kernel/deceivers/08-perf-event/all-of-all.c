// SPDX-License-Identifier: Apache-2.0
// Each has the samples of all before it, too.

#include <linux/sched.h>

struct sample {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 user_stack_id;
};

BPF_STACK_TRACE(stacks, 16384);
BPF_ARRAY(all, u64, 1);
BPF_HASH(samples, struct sample, u64);

PERF_EVENT(cpu-clock, 99)
{
	struct sample sample = {};
	int zero = 0;
	u64 *count;

	sample.pid = bpf_get_current_pid_tgid() >> 32;
	/* This CPU is idle. */
	if (!sample.pid)
		return 0;
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));
	sample.user_stack_id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
	all.increment(zero);
	count = all.lookup(&zero);
	if (count)
		samples.update(&sample, count);
	return 0;
}
