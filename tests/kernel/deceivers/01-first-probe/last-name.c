// SPDX-License-Identifier: Apache-2.0
// The name that is sent is that of the open before.

#include <linux/sched.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	char path[128];
};

BPF_PERF_OUTPUT(events);
BPF_PERCPU_ARRAY(last, struct event, 1);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	int zero = 0;
	struct event *event = last.lookup(&zero);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	events.perf_submit(args, event, sizeof(*event));
	bpf_probe_read_user_str(event->path, sizeof(event->path),
				args->filename);
	return 0;
}
