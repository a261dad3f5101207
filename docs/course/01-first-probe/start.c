// SPDX-License-Identifier: Apache-2.0

struct event {
	u32 pid;
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
