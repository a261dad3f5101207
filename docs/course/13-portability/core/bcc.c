// SPDX-License-Identifier: Apache-2.0
/*
 * opensnoop for BCC: a pair of tracepoints, and the map start between them. It
 * is compiled on each host at each start, with that kernel's structs.
 */
#include <linux/sched.h>
#include "event.h"

BPF_HASH(start, u32, const char *);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	const char *path = args->filename;

	start.update(&tid, &path);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 tid = bpf_get_current_pid_tgid();
	const char **path = start.lookup(&tid);
	struct event event = {};

	if (!path)
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.ppid = task->real_parent->tgid; /* BCC makes calls of this */
	event.ret = args->ret;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_user_str(event.path, sizeof(event.path), *path);
	start.delete(&tid);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
