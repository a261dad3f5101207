// SPDX-License-Identifier: Apache-2.0
/*
 * The least that a row needs: a time, a path, and one record in a perf ring,
 * from one tracepoint. No plan can cost less than this.
 */
#include <uapi/linux/limits.h>
#include <uapi/linux/ptrace.h>

struct event {
	u64 ts;
	s32 path_size;
	char path[PATH_MAX];
};

BPF_PERF_OUTPUT(events);
BPF_PERCPU_ARRAY(scratch, struct event, 1);

/* Helpers of the kernel, as in bpf_src/plans/registers.h. */
static void *(*get_current_task_btf)(void) = (void *)158;
static struct pt_regs *(*regs_of_task)(void *task) = (void *)175;
static long (*read_user_str)(void *to, u32 size, const void *from) = (void *)
	BPF_FUNC_probe_read_user_str;

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	struct pt_regs *regs = regs_of_task(get_current_task_btf());
	u32 zero = 0;
	struct event *event = scratch.lookup(&zero);
	u64 used;

	if (!event)
		return 0;
	event->ts = bpf_ktime_get_ns();
	used = event->path_size =
		read_user_str(event->path, PATH_MAX, (void *)regs->si);
	asm volatile("" : "+r"(used)); /* the verifier follows one copy of it */
	if (used > PATH_MAX)
		used = 0;
	events.perf_submit(args, event, offsetof(struct event, path) + used);
	return 0;
}
