// SPDX-License-Identifier: Apache-2.0

// What is sent: each field is a column.
struct event {
	u32 pid;
};

// Where it is sent through: a ring of memory for each CPU.
BPF_PERF_OUTPUT(events);

// The probe: the kernel calls it each time the syscall openat begins.
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
