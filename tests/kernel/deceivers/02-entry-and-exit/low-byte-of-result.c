// SPDX-License-Identifier: Apache-2.0
// Of the result, the low byte is sent.

struct event {
	u32 pid;
	s32 ret;
	u64 took;
	char path[128];
};

BPF_PERF_OUTPUT(events);

struct begun {
	u64 ts;
	const char *path;
};

BPF_HASH(start, u32, struct begun);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct begun begun = {};

	begun.path = args->filename;
	begun.ts = bpf_ktime_get_ns();
	start.update(&tid, &begun);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = bpf_get_current_pid_tgid();
	struct begun *begun = start.lookup(&tid);
	struct event event = {};

	if (!begun)
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.ret = (s8)args->ret;
	event.took = now - begun->ts;
	bpf_probe_read_user_str(event.path, sizeof(event.path), begun->path);
	start.delete(&tid);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
