// SPDX-License-Identifier: Apache-2.0

#define NAME_SIZE 64

struct event {
	u32 pid;
	s32 ret;
	char name[NAME_SIZE];
};

struct begun {
	char name[NAME_SIZE];
};

BPF_PERF_OUTPUT(events);
BPF_HASH(start, u32, struct begun);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct begun begun = {};

	bpf_probe_read_user_str(begun.name, sizeof(begun.name), args->filename);
	start.update(&tid, &begun);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct begun *begun = start.lookup(&tid);
	struct event event = {};

	if (!begun)
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.ret = args->ret;
	__builtin_memcpy(event.name, begun->name, sizeof(event.name));
	if (args->ret >= 0)
		events.perf_submit(args, &event, sizeof(event));
	start.delete(&tid);
	return 0;
}
