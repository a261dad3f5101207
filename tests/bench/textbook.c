// SPDX-License-Identifier: Apache-2.0
/*
 * What a book on BCC shows: for each syscall that opens a file by its path, a
 * pair of tracepoints and a map. It has no options, and no other ways to open.
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

static int begin(const char *path, int flags)
{
	struct open_start open = {};

	open.id = bpf_get_current_pid_tgid();
	open.flags = flags;
	open.path = path;
	bpf_get_current_comm(&open.comm, sizeof(open.comm));
	start.update(&open.id, &open);
	return 0;
}

static int end(void *ctx, int ret)
{
	u64 id = bpf_get_current_pid_tgid();
	struct open_start *open = start.lookup(&id);
	struct event event = {};

	if (!open)
		return 0;
	event.id = id;
	event.ts = bpf_ktime_get_ns();
	event.uid = bpf_get_current_uid_gid();
	event.ret = ret;
	event.flags = open->flags;
	bpf_probe_read_kernel(&event.comm, sizeof(event.comm), open->comm);
	bpf_probe_read_user_str(&event.path, sizeof(event.path), open->path);
	events.perf_submit(ctx, &event, sizeof(event));
	start.delete(&id);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_open)
{
	return begin(args->filename, args->flags);
}

TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return end(args, args->ret);
}

TRACEPOINT_PROBE(syscalls, sys_enter_creat)
{
	return begin(args->pathname, 0);
}

TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return end(args, args->ret);
}

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	return begin(args->filename, args->flags);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return end(args, args->ret);
}

TRACEPOINT_PROBE(syscalls, sys_enter_openat2)
{
	return begin(args->filename, 0);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return end(args, args->ret);
}
