// SPDX-License-Identifier: Apache-2.0
// Syscalls that make a timer, but not those that set it up once more.

struct event {
	u32 pid;
	u32 clock;
};

BPF_PERF_OUTPUT(events);
BPF_HASH(start, u32, u32);

static int begin(u32 clock)
{
	u32 tid = bpf_get_current_pid_tgid();

	start.update(&tid, &clock);
	return 0;
}

static int end(void *ctx, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	u32 *clock = start.lookup(&tid);
	struct event event = {};

	if (!clock)
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.clock = *clock;
	if (ret >= 0)
		events.perf_submit(ctx, &event, sizeof(event));
	start.delete(&tid);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_timerfd_create)
{
	return begin(args->clockid);
}

TRACEPOINT_PROBE(syscalls, sys_exit_timerfd_create)
{
	return end(args, args->ret);
}

TRACEPOINT_PROBE(syscalls, sys_enter_timer_create)
{
	return begin(args->which_clock);
}

TRACEPOINT_PROBE(syscalls, sys_exit_timer_create)
{
	return end(args, args->ret);
}
