/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller as the tool's user sees it, where that is inside a container:
 * there its numbers differ from the host's. A process outside has no number
 * there and gets 0, as getppid(2) returns for a parent outside.
 */
static u64 caller_pid_tgid(void)
{
	struct bpf_pidns_info ids = {};

	bpf_get_ns_current_pid_tgid(PID_NAMESPACE_DEVICE, PID_NAMESPACE_INODE,
				    &ids, sizeof(ids));
	return (u64)ids.tgid << 32 | ids.pid;
}
