// SPDX-License-Identifier: Apache-2.0
// Of each name, the first 15 bytes are sent.

#include <linux/sched.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	char path[128];
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_user_str(event.path, 16, args->filename);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
