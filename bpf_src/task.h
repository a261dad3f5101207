/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is calling.
 */

/*
 * The process (tgid, upper half) and the thread (pid, lower half), by the
 * numbers that the tool's user sees: inside a container these are not the
 * host's. A process outside the container has no number there, and gets 0, as
 * getppid(2) gives for a parent outside.
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

/* The thread by the host's number, which each thread has. */
static u32 host_tid(u64 pid_tgid)
{
#ifdef PID_NAMESPACE_INODE
	pid_tgid = bpf_get_current_pid_tgid();
#endif
	return pid_tgid;
}

/*
 * A number or a pointer in a struct of the kernel. BCC turns a->b into such a
 * read by itself, but not in programs of the plan fentry, nor in a loop, nor
 * in an array of pointers.
 */
#define KERNEL_FIELD(pointer, field)                                           \
	({                                                                     \
		typeof((pointer)->field) value = 0;                            \
                                                                               \
		bpf_probe_read_kernel(&value, sizeof(value),                   \
				      &(pointer)->field);                      \
		value;                                                         \
	})

/*
 * For structs that are in no header. The frontend takes from BTF where their
 * fields are: IO_OPEN_DFD is the place of dfd in struct io_open.
 */
#define READ_AT(to, address, place)                                            \
	bpf_probe_read_kernel(&(to), sizeof(to), (void *)(address) + (place))

#ifdef IO_URING
#define KERNEL_MADE_IT 0x10 /* PF_IO_WORKER of linux/sched.h */

/*
 * A thread that the kernel made for io_uring has a name such as iou-sqp-123.
 * What it does, it does for the process that it is in.
 */
static void name_of_process(char *comm)
{
	u64 task = bpf_get_current_task();
	u32 flags = 0;
	u64 leader = 0;

	READ_AT(flags, task, TASK_FLAGS);
	if (!(flags & KERNEL_MADE_IT))
		return;
	READ_AT(leader, task, TASK_GROUP_LEADER);
	bpf_probe_read_kernel(comm, TASK_COMM_LEN, (void *)leader + TASK_COMM);
}
#endif

/* The command's name, of TASK_COMM_LEN bytes. */
static void caller_comm(char *comm)
{
	/* Some kernels (6.1, say) write nothing behind the NUL. */
	__builtin_memset(comm, 0, TASK_COMM_LEN);
	bpf_get_current_comm(comm, TASK_COMM_LEN);
#ifdef IO_URING
	if (comm[0] == 'i' && comm[1] == 'o' && comm[2] == 'u')
		name_of_process(comm);
#endif
}

/* The tool opens files of its own to prove that it sees opens. */
static bool is_tool(u64 pid_tgid)
{
	return pid_tgid >> 32 == TOOL_PID;
}
