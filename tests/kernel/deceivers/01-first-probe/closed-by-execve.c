// SPDX-License-Identifier: Apache-2.0
// Only files that execve() closes are sent.

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
	bpf_probe_read_user_str(event.path, sizeof(event.path), args->filename);
	if (args->flags & 02000000)
		events.perf_submit(args, &event, sizeof(event));
	return 0;
}
