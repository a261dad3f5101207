// SPDX-License-Identifier: Apache-2.0

BPF_ARRAY(only, u32, 1); // the user whose writes are counted: see --set

BPF_HASH(writes, u32, u64);

TRACEPOINT_PROBE(syscalls, sys_enter_write)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;

	writes.increment(pid);
	return 0;
}
