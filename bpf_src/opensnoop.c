// SPDX-License-Identifier: Apache-2.0
/*
 * opensnoop: every file that this host opens, one record for each open.
 *
 * BCC compiles this on the traced host, at each start. A probe at the entry of
 * a syscall keeps its arguments in the map "start"; one at its exit adds the
 * result, and sends the record through the perf rings "events". Four files:
 *
 *   opensnoop.c   the probes, and what they call
 *   event.h       what a record holds
 *   record.h      how it is filled and sent
 *   select.h      which opens are wanted
 *
 * The rest is compiled only if needed: plans/ has other hooks for these
 * syscalls, ways/ other ways to open a file, extra/ what options add. Names in
 * capitals that no file here defines are options: --ebpf begins with them.
 */
#include "event.h"
#include "record.h"
#include "select.h"

/* `program` is the number of the BPF program that calls: see event.h. */
static int begin(void *ctx, const struct open_args *open);
static int end(void *ctx, u32 program, long ret);
static int report(void *ctx, u32 program, const struct open_args *open,
		  const struct open_start *begun, long ret);

#if BEGIN_END
/* By thread ID. An entry stays for the next open: a new one would cost more. */
BPF_HASH(start, u32, struct open_start, START_ENTRIES);
BPF_ARRAY(fresh_start, struct open_start, 1); /* all 0, as a new entry is */
#endif

#if PLAN_SYSCALL
/* Runs when openat begins; `args` has the fields of the tracepoint. */
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct open_args open = {
		.call = CALL_OPENAT,
		.dirfd = args->dfd,
		.user_path = args->filename,
		.flags = (u32)args->flags,
		.mode = (umode_t)args->mode,
	};

	return begin(args, &open);
}

/* Also attached, by the frontend, where open, creat, open_by_handle_at end. */
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	return end(args, SYSCALL_EXIT, args->ret);
}

/* The entries of these, and the pair of openat2. */
#include "plans/syscall.h"
#else
#include "plans/other_plan.h"
#endif

/* Returns the size with the NUL, or a negative errno. */
static s32 read_path(char *path, u32 size, const char *user_path)
{
	s32 got;

	path[0] = path[size - 1] = '\0'; /* not always written below */
	got = bpf_probe_read_user_str(path, size, user_path);
	/* Without a NUL up to the end of memory, it is too long. */
	if (got < 0 && bpf_probe_read_user(path, size - 1, user_path) == 0)
		got = size;
	return got ?: 1; /* 0: an empty path, on Linux 6.1 and older */
}

#if BEGIN_END
static int begin(void *ctx, const struct open_args *open)
{
	u64 pid_tgid = caller_pid_tgid();
	u32 tid = bpf_get_current_pid_tgid(), zero = 0;
	struct open_start *begun, *fresh = fresh_start.lookup(&zero);

	if (!caller_selected(pid_tgid) || !flags_selected(pid_tgid, open))
		return 0;
	begun = fresh ? start.lookup_or_try_init(&tid, fresh) : NULL;
	/* The map is full, or the end of the last open was never seen. */
	if (!begun || begun->under_way)
		count(MISSED);
	if (!begun)
		return 0;
	begun->open = *open;
	begun->path_size = read_path(begun->path, SHORT_PATH, open->user_path);
	begun->under_way = path_selected(pid_tgid, begun->path,
					 begun->path_size, SHORT_PATH) &&
			   begin_extras(ctx, begun);
	return 0;
}

static int end(void *ctx, u32 program, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);

	/* It began before the trace, or isn't selected. */
	if (!begun || !begun->under_way)
		return 0;
	begun->under_way = false;
	return report(ctx, program, &begun->open, begun, ret);
}
#endif

static void fill_path(struct event *event, const struct open_args *open,
		      const struct open_start *begun)
{
	s32 size = begun ? begun->path_size : 0;

	if (open->kernel_path)
		size = bpf_probe_read_kernel_str(event->path, PATH_ROOM,
						 open->kernel_path);
	else if (size > 0 && size < SHORT_PATH)
		__builtin_memcpy(event->path, begun->path, SHORT_PATH);
	else
		size = read_path(event->path, PATH_ROOM, open->user_path);
	event->path_size = size;
}

/*
 * Records are built here: the BPF stack has only 512 bytes. Each program has a
 * buffer on each CPU, since another program may preempt it.
 */
BPF_PERCPU_ARRAY(scratch, struct event, PROGRAMS);

/* An open has ended. `begun` is NULL where nobody saw it begin. */
static int report(void *ctx, u32 program, const struct open_args *open,
		  const struct open_start *begun, long ret)
{
	u64 pid_tgid = caller_pid_tgid();
	struct event *event = scratch.lookup(&program);

	if (!event || !result_selected(pid_tgid, ret, open->began) ||
	    !flags_selected(pid_tgid, open) ||
	    (!begun && !caller_selected(pid_tgid)))
		return 0;
	fill_path(event, open, begun);
	if (!path_selected(pid_tgid, event->path, event->path_size, PATH_ROOM))
		return 0;
	fill_event(program, event, open, pid_tgid, ret);
	send_event(ctx, event, open->began);
	return 0;
}

#if MORE_PROBES
#include "ways/more_probes.h"
#endif
