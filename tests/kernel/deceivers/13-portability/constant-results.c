// SPDX-License-Identifier: Apache-2.0
// Each open that fails has one result, others another.

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "event.h"

/* The kernel asks: some helpers are for programs under the GPL only. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* By thread: the path of the open that it is in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, const char *);
} start SEC(".maps");

/* One buffer for all CPUs; its size is in bytes. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct trace_event_raw_sys_enter *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	const char *path = (const char *)ctx->args[1];

	bpf_map_update_elem(&start, &tid, &path, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_openat")
int exit_openat(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 tid = bpf_get_current_pid_tgid();
	const char **path = bpf_map_lookup_elem(&start, &tid);
	struct event event = {};

	if (!path)
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	/* Where these fields lie is written into the program at its start. */
	event.ppid = BPF_CORE_READ(task, real_parent, tgid);
	event.ret = ctx->ret < 0 ? -2 : 3;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_user_str(event.path, sizeof(event.path), *path);
	bpf_map_delete_elem(&start, &tid);
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}
