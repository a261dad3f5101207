/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan "syscall": two tracepoints for each syscall that opens a file.
 *
 * The entry knows the arguments, the exit knows the result. Between the two,
 * the map "start" keeps what the entry saw, by thread: a thread is in one
 * syscall at a time.
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
	if (start.update(&tid, begun) < 0)
		count(MISSED);
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
	if (is_tool() ||
	    (result_selected(ret) && flags_selected(begun->flags)))
		record_open(ctx, begun, ret);
	start.delete(&tid);
	return 0;
}

/* Older architectures have open and creat, newer ones only openat. */
#ifdef HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_enter_open)
{
	struct open_start begun = {
		.user_path = args->filename,
		.flags = args->flags,
		.mode = args->mode,
	};

	return begin_open(&begun);
}

TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return end_open(args, args->ret);
}
#endif

#ifdef HAVE_CREAT
TRACEPOINT_PROBE(syscalls, sys_enter_creat)
{
	struct open_start begun = {
		.user_path = args->pathname,
		.flags = O_CREAT | O_WRONLY | O_TRUNC,
		.mode = args->mode,
	};

	return begin_open(&begun);
}

TRACEPOINT_PROBE(syscalls, sys_exit_creat)
{
	return end_open(args, args->ret);
}
#endif

#ifdef HAVE_OPENAT
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct open_start begun = {
		.user_path = args->filename,
		.flags = args->flags,
		.mode = args->mode,
	};

	return begin_open(&begun);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return end_open(args, args->ret);
}
#endif

/* Since Linux 5.6. */
#ifdef HAVE_OPENAT2
TRACEPOINT_PROBE(syscalls, sys_enter_openat2)
{
	struct open_start begun = {
		.user_path = args->filename,
		.user_how = args->how,
	};

	return begin_open(&begun);
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat2)
{
	return end_open(args, args->ret);
}
#endif
