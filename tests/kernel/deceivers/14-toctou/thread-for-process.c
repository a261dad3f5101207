// SPDX-License-Identifier: Apache-2.0
// The thread is taken for the process.

#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/sched.h>

struct event {
	u32 pid;
	s32 ret;
	char name[64];
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event event = {};
	struct dentry *dentry;
	struct file **files;
	struct file *opened;

	if (args->ret < 0)
		return 0;
	event.pid = bpf_get_current_pid_tgid();
	event.ret = args->ret;

	/* The file that the kernel has just put under this descriptor. */
	files = task->files->fdt->fd;
	opened = files[args->ret];
	dentry = opened->f_path.dentry;
	bpf_probe_read_kernel_str(event.name, sizeof(event.name),
				  dentry->d_name.name);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
