// SPDX-License-Identifier: Apache-2.0
/*
 * What a book on BCC shows: for each syscall that opens a file by its path, a
 * pair of tracepoints and a map. It has no options, and no other ways to open.
 *
 * BCC looks for bpf_probe_read_user_str() among all symbols of the kernel each
 * time that it stands in the text: C with one function for all four exits would
 * launch faster.
 */
#include <linux/sched.h>
#include <uapi/linux/limits.h>

#define NAME_SIZE 255

struct open_start {
	u64 id;
	int flags;
	char comm[TASK_COMM_LEN];
	const char *path;
};

struct event {
	u64 id;
	u64 ts;
	u32 uid;
	int ret;
	int flags;
	char comm[TASK_COMM_LEN];
	char path[NAME_SIZE];
};

BPF_HASH(start, u64, struct open_start);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_open)
{
	struct open_start open = {};

	open.id = bpf_get_current_pid_tgid();
	open.flags = args->flags;
	open.path = args->filename;
	bpf_get_current_comm(&open.comm, sizeof(open.comm));
	start.update(&open.id, &open);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	u64 id = bpf_get_current_pid_tgid();
	struct open_start *open = start.lookup(&id);
	struct event event = {};

	if (!open)
		return 0;
	event.id = id;
	event.ts = bpf_ktime_get_ns();
	event.uid = bpf_get_current_uid_gid();
	event.ret = args->ret;
	event.flags = open->flags;
	bpf_probe_read_kernel(&event.comm, sizeof(event.comm), open->comm);
	bpf_probe_read_user_str(&event.path, sizeof(event.path), open->path);
	events.perf_submit(args, &event, sizeof(event));
	start.delete(&id);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_creat)
{
	struct open_start open = {};

	open.id = bpf_get_current_pid_tgid();
	open.flags = 0;
	open.path = args->pathname;
	bpf_get_current_comm(&open.comm, sizeof(open.comm));
	start.update(&open.id, &open);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	u64 id = bpf_get_current_pid_tgid();
	struct open_start *open = start.lookup(&id);
	struct event event = {};

	if (!open)
		return 0;
	event.id = id;
	event.ts = bpf_ktime_get_ns();
	event.uid = bpf_get_current_uid_gid();
	event.ret = args->ret;
	event.flags = open->flags;
	bpf_probe_read_kernel(&event.comm, sizeof(event.comm), open->comm);
	bpf_probe_read_user_str(&event.path, sizeof(event.path), open->path);
	events.perf_submit(args, &event, sizeof(event));
	start.delete(&id);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct open_start open = {};

	open.id = bpf_get_current_pid_tgid();
	open.flags = args->flags;
	open.path = args->filename;
	bpf_get_current_comm(&open.comm, sizeof(open.comm));
	start.update(&open.id, &open);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	u64 id = bpf_get_current_pid_tgid();
	struct open_start *open = start.lookup(&id);
	struct event event = {};

	if (!open)
		return 0;
	event.id = id;
	event.ts = bpf_ktime_get_ns();
	event.uid = bpf_get_current_uid_gid();
	event.ret = args->ret;
	event.flags = open->flags;
	bpf_probe_read_kernel(&event.comm, sizeof(event.comm), open->comm);
	bpf_probe_read_user_str(&event.path, sizeof(event.path), open->path);
	events.perf_submit(args, &event, sizeof(event));
	start.delete(&id);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_openat2)
{
	struct open_start open = {};

	open.id = bpf_get_current_pid_tgid();
	open.flags = 0;
	open.path = args->filename;
	bpf_get_current_comm(&open.comm, sizeof(open.comm));
	start.update(&open.id, &open);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	u64 id = bpf_get_current_pid_tgid();
	struct open_start *open = start.lookup(&id);
	struct event event = {};

	if (!open)
		return 0;
	event.id = id;
	event.ts = bpf_ktime_get_ns();
	event.uid = bpf_get_current_uid_gid();
	event.ret = args->ret;
	event.flags = open->flags;
	bpf_probe_read_kernel(&event.comm, sizeof(event.comm), open->comm);
	bpf_probe_read_user_str(&event.path, sizeof(event.path), open->path);
	events.perf_submit(args, &event, sizeof(event));
	start.delete(&id);
	return 0;
}
