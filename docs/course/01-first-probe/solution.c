// SPDX-License-Identifier: Apache-2.0

#include <linux/sched.h>

// What is sent: each field is a column.
struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	char path[128];
};

// Where it is sent through: a ring of memory for each CPU.
BPF_PERF_OUTPUT(events);

// The probe: the kernel calls it each time the syscall openat begins.
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	// All zeros: the verifier lets no byte out that wasn't written.
	struct event event = {};

	// The process is in the upper half, the thread in the lower half.
	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	// The name is in the memory of the process: only a helper can read it.
	bpf_probe_read_user_str(event.path, sizeof(event.path), args->filename);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
