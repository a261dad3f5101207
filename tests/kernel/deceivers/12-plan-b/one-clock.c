// SPDX-License-Identifier: Apache-2.0
// The clock is right only under the new name.

#include <linux/version.h>

struct event {
	u32 pid;
	u32 clock; /* as in clock_gettime(2) */
};

BPF_PERF_OUTPUT(events);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define CLOCK args->clockid
TRACEPOINT_PROBE(timer, hrtimer_setup)
#else
#define CLOCK 1
TRACEPOINT_PROBE(timer, hrtimer_init)
#endif
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.clock = CLOCK;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
