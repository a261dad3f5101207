// SPDX-License-Identifier: Apache-2.0

#include <linux/fs.h>
#include <linux/sched.h>
#include <uapi/linux/fcntl.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	bool created;
	s32 result; /* 0, or a negative errno */
	char name[32];
};

BPF_PERF_OUTPUT(events);

/* The kernel opens a file: it has found it, or has just created it. */
int kprobe__vfs_open(struct pt_regs *ctx, const struct path *path,
		     struct file *file)
{
	struct event event = {};

	/* Flags say what was asked for, the mode says what was done. */
	if (!(file->f_flags & O_CREAT))
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	event.created = file->f_mode & FMODE_CREATED;
	bpf_probe_read_kernel_str(event.name, sizeof(event.name),
				  path->dentry->d_name.name);
	event.result = PT_REGS_RC(ctx);
	events.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
