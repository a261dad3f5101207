// SPDX-License-Identifier: Apache-2.0

#include <linux/version.h>

struct event {
	u32 pid;
	u32 clock; /* as in clock_gettime(2) */
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(timer, hrtimer_setup)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.clock = args->clockid;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
