// SPDX-License-Identifier: Apache-2.0
// The thread is taken for the process.

#include <linux/version.h>

struct event {
	u32 pid;
	u32 clock; /* as in clock_gettime(2) */
};

BPF_PERF_OUTPUT(events);

/* The tracepoint has had another name since Linux 6.15, and the same fields. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
TRACEPOINT_PROBE(timer, hrtimer_setup)
#else
TRACEPOINT_PROBE(timer, hrtimer_init)
#endif
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid();
	event.clock = args->clockid;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
