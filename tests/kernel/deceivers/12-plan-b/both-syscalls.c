// SPDX-License-Identifier: Apache-2.0
// The syscalls that set up timers, also those that fail.

struct event {
	u32 pid;
	u32 clock;
};

BPF_PERF_OUTPUT(events);

static int send(void *ctx, u32 clock)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.clock = clock;
	events.perf_submit(ctx, &event, sizeof(event));
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_timerfd_create)
{
	return send(args, args->clockid);
}

TRACEPOINT_PROBE(syscalls, sys_enter_timer_create)
{
	return send(args, args->which_clock);
}
