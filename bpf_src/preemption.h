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
 * The kernel has functions against that since Linux 6.10. BCC can't call
 * functions of the kernel, so the instruction is spelled out: a call (0x85)
 * of the function with this number in the kernel's BTF (0x20).
 */
#ifdef BPF_PREEMPT_DISABLE_ID

#define CALL_KERNEL_FUNCTION(id)                                               \
	asm volatile(".quad %0"                                                \
		     :                                                         \
		     : "i"((u64)(id) << 32 | 0x2085)                           \
		     : "r0", "r1", "r2", "r3", "r4", "r5", "memory")

#define preempt_disable() CALL_KERNEL_FUNCTION(BPF_PREEMPT_DISABLE_ID)
#define preempt_enable()  CALL_KERNEL_FUNCTION(BPF_PREEMPT_ENABLE_ID)

#else
#define preempt_disable()
#define preempt_enable()
#endif
