/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See that nothing else runs on this CPU while a program is at work.
 *
 * A program isn't called again on a CPU where it is under way. That was never
 * felt while programs weren't preempted; but Linux 7 preempts programs at the
 * tracepoints of syscalls, as preemptible kernels always did those at
 * functions (fentry). Until the first task runs again, all opens of other
 * tasks on this CPU would be missed.
 *
 * The kernel has functions against that since Linux 6.10. They are called
 * like helpers, by their number in the kernel's BTF; the frontend marks these
 * calls, since BCC knows only those of helpers (kernel_calls.py).
 */
#ifdef BPF_PREEMPT_DISABLE_ID
static void (*preempt_disable)(void) = (void *)BPF_PREEMPT_DISABLE_ID;
static void (*preempt_enable)(void) = (void *)BPF_PREEMPT_ENABLE_ID;
#else
#define preempt_disable()
#define preempt_enable()
#endif
