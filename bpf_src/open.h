/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open from its begin to its end.
 *
 * The begin knows the arguments, the end knows the result. Between the two,
 * the map "start" keeps what the begin saw, by thread: a thread is in one
 * open at a time.
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

static int begin_open(struct open_start *begun)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (begun->user_how)
		read_how(begun);
	bpf_get_current_comm(begun->comm, sizeof(begun->comm));
	if (!is_tool()) {
		if (!caller_selected(begun->comm))
			return 0;
		if (!begun->user_how && !flags_selected(begun->flags))
			return 0;
	}

	begun->path_size = bpf_probe_read_user_str(
		begun->path, sizeof(begun->path), begun->user_path);
	if (start.insert(&tid, begun) < 0) {
		/*
		 * The map is full, or the end of this thread's last open
		 * never reached us, and its entry is still there. Both are
		 * one open missed; the second leaves a place.
		 */
		count(MISSED);
		start.update(&tid, begun);
	}
	return 0;
}

static int end_open(void *ctx, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);

	/* No entry seen: it began before the trace, or it wasn't selected. */
	if (!begun)
		return 0;

	if (begun->user_how)
		read_how(begun);
	if (is_tool() || (result_selected(ret) && flags_selected(begun->flags)))
		record_open(ctx, begun, ret);
	start.delete(&tid);
	return 0;
}
