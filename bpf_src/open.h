/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open from its begin to its end.
 *
 * The begin knows the arguments, the end knows the result. Between the two,
 * the map "start" keeps what the begin saw, by thread: a thread is in one
 * open at a time. Its entry stays for its next open, since writing into an
 * entry costs less than making one, and goes when the thread does.
 */
#include <uapi/linux/openat2.h>

BPF_HASH(start, u32, struct open_start, START_ENTRIES);

/* openat2 passes flags and mode in memory of the caller. */
static void read_how(struct open_start *begun)
{
	struct open_how how = {};

	if (bpf_probe_read_user(&how, sizeof(how), begun->user_how) < 0)
		return;
	begun->flags = how.flags;
	begun->mode = how.mode;
	begun->user_how = NULL;
}

/* The thread's entry; a new one is all zero. NULL where the map is full. */
static struct open_start *entry_of(u32 tid)
{
	struct open_start *begun = start.lookup(&tid);
	struct open_start fresh = {};

	if (begun)
		return begun;
	start.insert(&tid, &fresh);
	return start.lookup(&tid);
}

static int begin_open(const struct open_args *args)
{
	u64 pid_tgid = caller_pid_tgid();
	u32 tid = host_tid(pid_tgid);
	struct open_start *begun;

	if (!is_tool(pid_tgid)) {
		if (!caller_selected(pid_tgid))
			return 0;
		if (!args->user_how && !flags_selected(args->flags))
			return 0;
	}

	begun = entry_of(tid);
	if (!begun) {
		count(MISSED);
		return 0;
	}
	/* The end of this thread's last open never reached us. */
	if (begun->under_way)
		count(MISSED);

	begun->under_way = true;
	begun->pid_tgid = pid_tgid;
	begun->user_path = args->user_path;
	begun->user_how = args->user_how;
	begun->flags = args->flags;
	begun->mode = args->mode;
	if (begun->user_how)
		read_how(begun);
	bpf_get_current_comm(begun->comm, sizeof(begun->comm));
	begun->path_size =
		read_path(begun->path, sizeof(begun->path), begun->user_path);
	return 0;
}

static int end_open(void *ctx, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);

	/* No begin seen: it came before the trace, or wasn't selected. */
	if (!begun || !begun->under_way)
		return 0;

	begun->under_way = false;
	if (begun->user_how)
		read_how(begun);
	if (is_tool(begun->pid_tgid) ||
	    (result_selected(ret) && flags_selected(begun->flags)))
		record_open(ctx, begun, ret);
	return 0;
}

TRACEPOINT_PROBE(sched, sched_process_exit)
{
	u32 tid = bpf_get_current_pid_tgid();

	start.delete(&tid);
	return 0;
}
