// SPDX-License-Identifier: Apache-2.0
/*
 * Opens by a pair of tracepoints, as tools of this kind are usually written:
 * sys_enter makes an entry in a map, sys_exit completes and deletes it. For
 * plan_cost.py; run by --source, so that all else is the same.
 */
#include <linux/sched.h>
#include <uapi/linux/limits.h>

struct event {
	u64 ts;
	u32 pid;
	u32 tid;
	u32 uid;
	s32 ret;
	u64 flags;
	u32 mode;
	s32 path_size;
	char comm[TASK_COMM_LEN];
	char path[PATH_MAX];
};

struct open_start {
	const char *user_path;
	u64 flags;
	u32 mode;
};

BPF_PERF_OUTPUT(events);
BPF_HASH(start, u32, struct open_start);
BPF_PERCPU_ARRAY(scratch, struct event, 1);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start begun = {
		.user_path = args->filename,
		.flags = args->flags,
		.mode = args->mode,
	};

	start.update(&tid, &begun);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tid = pid_tgid;
	struct open_start *begun = start.lookup(&tid);
	u32 zero = 0;
	struct event *event = scratch.lookup(&zero);
	u64 used;

	if (!begun || !event)
		return 0;
	event->ts = bpf_ktime_get_ns();
	event->pid = pid_tgid >> 32;
	event->tid = tid;
	event->uid = bpf_get_current_uid_gid();
	event->ret = args->ret;
	event->flags = begun->flags;
	event->mode = begun->mode;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->path_size = bpf_probe_read_user_str(
		event->path, sizeof(event->path), begun->user_path);
	start.delete(&tid);
	used = event->path_size;
	asm volatile("" : "+r"(used));
	if (used > sizeof(event->path))
		used = 0;
	used += offsetof(struct event, path);
	events.perf_submit(args, event, used);
	return 0;
}
