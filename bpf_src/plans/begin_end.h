/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For plans with two programs for each open: one where it begins, which sees
 * the arguments, and one where it ends, which sees the result.
 *
 * The map "start" keeps the arguments in between, by thread, since a thread is
 * in one open at a time. The thread's entry stays for its next open, because
 * writing into an entry costs less than making one, and is deleted when the
 * thread exits.
 */
#define BEGIN_END

#if defined(SUMMARY) || defined(WANT_LATENCY)
#define TAKE_TIME
#endif

/*
 * Paths shorter than this are read when the open begins, before another thread
 * can change them; longer ones when it ends.
 */
#define SHORT_PATH 128

/* What is known when an open begins, and needed when it ends. */
struct open_start {
	bool under_way; /* begun, and not ended yet */
	bool has_kernel_name;
	struct open_args open;
#ifdef TAKE_TIME
	u64 ts; /* ns since boot */
#endif
	s32 path_size; /* of path, as in struct event */
	char path[SHORT_PATH];
};

BPF_HASH(start, u32, struct open_start, START_ENTRIES);

#ifdef TRUSTED
#include "extra/trusted.h"

/* Called with the name of each file that the kernel is about to open. */
static void note_kernel_name(const struct filename *filename)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);

	/* The kernel may open files for itself during an open of a program. */
	if (!begun || !begun->under_way || begun->has_kernel_name)
		return;
	begun->has_kernel_name = true;
	keep_kernel_name(tid, filename);
}
#endif

/* The thread's entry; a new one is all zero. NULL if the map is full. */
static struct open_start *entry_of(u32 tid)
{
	struct open_start *begun = start.lookup(&tid);
	struct open_start fresh = {};

	if (begun)
		return begun;
	start.insert(&tid, &fresh);
	return start.lookup(&tid);
}

static int begin_open(const struct open_args *open)
{
	u64 pid_tgid = caller_pid_tgid();
	u32 tid = host_tid(pid_tgid);
	struct open_start *begun;

	if (!is_tool(pid_tgid)) {
		if (!caller_selected(pid_tgid) || !open_flags_selected(open))
			return 0;
	}

	begun = entry_of(tid);
	if (!begun) {
		count_open(MISSED, pid_tgid);
		return 0;
	}
	/* The end of this thread's last open was never seen. */
	if (begun->under_way)
		count_open(MISSED, pid_tgid);

	begun->has_kernel_name = false;
	begun->open = *open;
#ifdef TAKE_TIME
	begun->ts = bpf_ktime_get_ns();
#endif
	if (begun->open.user_how)
		read_how(&begun->open);
	begun->path_size =
		read_path(begun->path, sizeof(begun->path), open->user_path);
	begun->under_way = is_tool(pid_tgid) ||
			   path_selected(begun->path, begun->path_size,
					 sizeof(begun->path));
	return 0;
}

/*
 * The path that the kernel used, with --trusted. Else the path as it was when
 * the open began; or as it is now, if it is long, or wasn't readable then
 * because its page wasn't in memory yet.
 */
static void fill_path(struct event *event, struct open_start *begun, u32 tid)
{
#ifdef TRUSTED
	if (begun->open.call != CALL_OPEN_BY_HANDLE_AT) {
		fill_kernel_name(event, begun->has_kernel_name, tid);
		return;
	}
#endif
	if (begun->path_size > 0 && begun->path_size < SHORT_PATH) {
		__builtin_memcpy(event->path, begun->path, SHORT_PATH);
		event->path_size = begun->path_size;
	} else {
		read_open_path(event, &begun->open);
	}
}

static int end_open(void *ctx, u32 index, long ret)
{
	u64 pid_tgid = caller_pid_tgid();
	u32 tid = host_tid(pid_tgid);
	struct open_start *begun = start.lookup(&tid);
	struct event *event = event_buffer(index);

	if (!event || resume_open(ctx, index, event))
		return 0;
	/* The begin came before the trace, or wasn't selected. */
	if (!begun || !begun->under_way)
		return 0;

	begun->under_way = false;
	if (begun->open.user_how)
		read_how(&begun->open);
	if (!is_tool(pid_tgid)) {
		if (!result_selected(ret) || !open_flags_selected(&begun->open))
			return 0;
	}
	fill_path(event, begun, tid);
	if (!is_tool(pid_tgid) && !event_path_selected(event))
		return 0;
	fill_event(event, &begun->open, pid_tgid, ret);
#ifdef WANT_LATENCY
	event->latency = event->ts - begun->ts;
#endif
	find_directories(ctx, index, event, &begun->open);
#ifdef TAKE_TIME
	deliver(ctx, event, begun->ts);
#else
	deliver(ctx, event, 0);
#endif
	return 0;
}

/* A thread exits. The end of its last open may not have been seen. */
static void forget_start(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun = start.lookup(&tid);

	if (begun && begun->under_way)
		count(MISSED);
	start.delete(&tid);
#ifdef TRUSTED
	forget_kernel_name(tid);
#endif
}

/* A thread that calls execve gets its process's number in place of `tid`. */
static void forget_old_tid(u32 tid)
{
	if (tid == (u32)bpf_get_current_pid_tgid())
		return;
	start.delete(&tid);
#ifdef TRUSTED
	forget_kernel_name(tid);
#endif
}
