// SPDX-License-Identifier: Apache-2.0

struct event {
	u32 pid;
	char path[128];
};

BPF_PERF_OUTPUT(events);

/* The event under way. */
BPF_PERCPU_ARRAY(unfinished, struct event, 1);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	int zero = 0;
	struct event *event = unfinished.lookup(&zero);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(event->path, sizeof(event->path),
				args->filename);
	events.perf_submit(args, event, sizeof(*event));
	return 0;
}
