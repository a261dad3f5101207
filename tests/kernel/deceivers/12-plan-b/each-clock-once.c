// SPDX-License-Identifier: Apache-2.0
// Only the first timer of each clock is sent.

struct event {
	u32 pid;
	u32 clock;
};

BPF_PERF_OUTPUT(events);
BPF_HASH(seen, struct event, u32);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
TRACEPOINT_PROBE(timer, hrtimer_setup)
#else
TRACEPOINT_PROBE(timer, hrtimer_init)
#endif
{
	struct event event = {};
	u32 one = 1;

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.clock = args->clockid;
	if (seen.lookup(&event))
		return 0;
	seen.update(&event, &one);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
