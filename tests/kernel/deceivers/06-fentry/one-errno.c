// SPDX-License-Identifier: Apache-2.0
// Each failure has the same errno.

#include <linux/fs.h>
#include <linux/sched.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 result; /* 0, or a negative errno */
	char folder[32];
	char name[32];
};

BPF_PERF_OUTPUT(events);

/* The kernel has opened a file that it found or created, or has failed to. */
KRETFUNC_PROBE(vfs_open, const struct path *path, struct file *file, int result)
{
	const struct dentry *dentry = path->dentry;
	struct event event = {};

	if (!result && !(file->f_mode & FMODE_CREATED))
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	event.result = result ? -6 : 0;
	bpf_probe_read_kernel_str(event.folder, sizeof(event.folder),
				  dentry->d_parent->d_name.name);
	bpf_probe_read_kernel_str(event.name, sizeof(event.name),
				  dentry->d_name.name);
	events.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
