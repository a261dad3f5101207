// SPDX-License-Identifier: Apache-2.0

#include <linux/sched.h>

struct command {
	char comm[TASK_COMM_LEN];
};

BPF_ARRAY(only, u32, 1); // the user whose writes are counted: see --set

BPF_HASH(writes, struct command, u64);
BPF_HISTOGRAM(sizes);
BPF_PERCPU_ARRAY(total, u64, 2); // calls, bytes

TRACEPOINT_PROBE(syscalls, sys_enter_write)
{
	struct command command = {};
	bpf_get_current_comm(command.comm, sizeof(command.comm));
	writes.increment(command);
	sizes.increment(bpf_log2l(args->count));
	total.increment(0);
	total.increment(1, args->count);
	return 0;
}
