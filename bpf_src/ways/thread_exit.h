/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a thread, or of its number in execve: what maps keep for it is
 * deleted.
 */
#include "extra/call_if.h"

#if BEGIN_END
/* The end of the thread's last open may not have been seen. */
static void forget_start(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);

	if (begun && begun->under_way)
		count(MISSED);
	start.delete(&tid);
}

/* A thread that calls execve gets its process's number in place of its own. */
TRACEPOINT_PROBE(sched, sched_process_exec)
{
	u32 old_tid = args->old_pid;

	if (old_tid != (u32)bpf_get_current_pid_tgid())
		start.delete(&old_tid);
	return 0;
}
#endif

TRACEPOINT_PROBE(sched, sched_process_exit)
{
	CALL_IF(BEGIN_END, forget_start());
	CALL_IF(TRUSTED, forget_kernel_name());
	CALL_IF(FOLLOW_CHILDREN, forget_followed_thread());
	CALL_IF(KERNEL_OPENS_BY_KPROBE, forget_kernel_open());
	return 0;
}
