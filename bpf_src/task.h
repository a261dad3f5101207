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

/* The tool opens files of its own to prove that it sees opens. */
static bool is_tool(u64 pid_tgid)
{
	return pid_tgid >> 32 == TOOL_PID;
}
