/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread exits, or loses its number in execve: what is kept for it goes.
 */
#if defined(BEGIN_END) || defined(FOLLOW_CHILDREN) ||                          \
	defined(INNER_OPENS_BY_KPROBE)
TRACEPOINT_PROBE(sched, sched_process_exit)
{
#ifdef BEGIN_END
	forget_start();
#endif
#ifdef FOLLOW_CHILDREN
	thread_exits();
#endif
#ifdef INNER_OPENS_BY_KPROBE
	forget_inner();
#endif
	return 0;
}
#endif

#ifdef BEGIN_END
TRACEPOINT_PROBE(sched, sched_process_exec)
{
	forget_number(args->old_pid);
	return 0;
}
#endif
