// SPDX-License-Identifier: Apache-2.0
// The sum of the bytes has 32 bits.

#include <linux/sched.h>

struct command {
	char comm[TASK_COMM_LEN];
};

BPF_ARRAY(only, u32, 1);

BPF_HASH(writes, struct command, u64);
BPF_HISTOGRAM(sizes);
BPF_PERCPU_ARRAY(total, u32, 2);

TRACEPOINT_PROBE(syscalls, sys_enter_write)
{
	struct command command = {};
	int zero = 0;
	u32 *uid = only.lookup(&zero);

	if (!uid || (u32)bpf_get_current_uid_gid() != *uid)
		return 0;
	bpf_get_current_comm(command.comm, sizeof(command.comm));
	writes.increment(command);
	sizes.increment(bpf_log2l(args->count));
	total.increment(0);
	total.increment(1, args->count);
	return 0;
}
