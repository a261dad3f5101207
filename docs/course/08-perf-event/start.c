// SPDX-License-Identifier: Apache-2.0

#include <linux/sched.h>

struct sample {
	u32 pid;
	char comm[TASK_COMM_LEN];
};

BPF_HASH(samples, struct sample, u64);

PERF_EVENT(cpu-clock, 99)
{
	struct sample sample = {};

	sample.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(sample.comm, sizeof(sample.comm));
	samples.increment(sample);
	return 0;
}
