// SPDX-License-Identifier: Apache-2.0

#include <linux/fs.h>
#include <linux/sched.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	char name[32];
};

BPF_PERF_OUTPUT(events);

/* The kernel opens a file: it has found it, or has just created it. */
KFUNC_PROBE(vfs_open, const struct path *path, struct file *file)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_kernel_str(event.name, sizeof(event.name),
				  path->dentry->d_name.name);
	events.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
