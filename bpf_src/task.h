/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller: its numbers and its name.
 */

/*
 * The tgid in the upper half and the thread's number in the lower half, as the
 * tool's user sees them: inside a container they differ from the host's. A
 * process outside of the container has no number there and gets 0, as
 * getppid(2) returns for a parent outside.
 */
static u64 caller_pid_tgid(void)
{
#ifdef PID_NAMESPACE_INODE
	struct bpf_pidns_info ids = {};

	bpf_get_ns_current_pid_tgid(PID_NAMESPACE_DEVICE, PID_NAMESPACE_INODE,
				    &ids, sizeof(ids));
	return (u64)ids.tgid << 32 | ids.pid;
#else
	return bpf_get_current_pid_tgid();
#endif
}

/* The thread's number on the host, which every thread has. */
static u32 host_tid(u64 pid_tgid)
{
#ifdef PID_NAMESPACE_INODE
	pid_tgid = bpf_get_current_pid_tgid();
#endif
	return pid_tgid;
}

#ifdef IO_URING
#define IO_WORKER 0x10 /* PF_IO_WORKER of linux/sched.h */

/*
 * A thread that the kernel creates for io_uring has a name such as iou-sqp-123.
 * It works for the process that it belongs to, so that one's name is taken.
 */
static void use_process_name(char *comm)
{
	u64 task = bpf_get_current_task();
	u32 flags = 0;
	u64 leader = 0;

	READ_AT(flags, task, TASK_FLAGS);
	if (!(flags & IO_WORKER))
		return;
	READ_AT(leader, task, TASK_GROUP_LEADER);
	bpf_probe_read_kernel(comm, TASK_COMM_LEN, (void *)leader + TASK_COMM);
}
#endif

/* The name of the caller's command, TASK_COMM_LEN bytes. */
static void caller_comm(char *comm)
{
	/* Some kernels, 6.1 for example, write nothing behind the NUL. */
	__builtin_memset(comm, 0, TASK_COMM_LEN);
	bpf_get_current_comm(comm, TASK_COMM_LEN);
#ifdef IO_URING
	if (comm[0] == 'i' && comm[1] == 'o' && comm[2] == 'u')
		use_process_name(comm);
#endif
}

/* The tool opens files itself, to prove that the programs see opens. */
static bool is_tool(u64 pid_tgid)
{
	return pid_tgid >> 32 == TOOL_PID;
}
