/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a thread, or of its number in execve: what maps keep for it is
 * deleted.
 */
#if defined(BEGIN_END) || defined(FOLLOW_CHILDREN) ||                          \
	defined(KERNEL_OPENS_BY_KPROBE)
TRACEPOINT_PROBE(sched, sched_process_exit)
{
#ifdef BEGIN_END
	forget_start();
#endif
#ifdef FOLLOW_CHILDREN
	forget_followed_thread();
#endif
#ifdef KERNEL_OPENS_BY_KPROBE
	forget_kernel_open();
#endif
	return 0;
}
#endif

#ifdef BEGIN_END
TRACEPOINT_PROBE(sched, sched_process_exec)
{
	forget_old_tid(args->old_pid);
	return 0;
}
#endif
