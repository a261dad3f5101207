// SPDX-License-Identifier: Apache-2.0
// Under the old name, only timers of the monotonic clock are sent.

struct event {
	u32 pid;
	u32 clock;
};

BPF_PERF_OUTPUT(events);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define IS_SENT 1
TRACEPOINT_PROBE(timer, hrtimer_setup)
#else
#define IS_SENT (args->clockid == 1)
TRACEPOINT_PROBE(timer, hrtimer_init)
#endif
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.clock = args->clockid;
	if (IS_SENT)
		events.perf_submit(args, &event, sizeof(event));
	return 0;
}
