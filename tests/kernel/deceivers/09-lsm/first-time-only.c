// SPDX-License-Identifier: Apache-2.0
// Only the first open is refused.

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/sched.h>

typedef char name_t[32];
typedef char comm_t[TASK_COMM_LEN];

struct event {
	u32 pid;
	comm_t comm;
	s32 result; /* 0, or a negative errno */
	name_t name;
};

BPF_PERF_OUTPUT(events);

/* The names of files to watch, and of commands that may not open them; --set
 * fills both.
 */
BPF_HASH(files, name_t, u8);
BPF_HASH(refused, comm_t, u8);

/* A file is about to be opened. What is returned decides whether it is. */
LSM_PROBE(file_open, struct file *file)
{
	struct event event = {};
	int result = 0;

	bpf_probe_read_kernel_str(event.name, sizeof(event.name),
				  file->f_path.dentry->d_name.name);
	if (!files.lookup(&event.name))
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	if (refused.lookup(&event.comm))
		result = -EPERM;
	event.result = result;
	events.perf_submit(ctx, &event, sizeof(event));
	if (result)
		refused.delete(&event.comm);
	return result;
}
