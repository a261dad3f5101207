/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens through io_uring: the program puts a request into a ring, and makes no
 * syscall that opens.
 *
 * The kernel opens the file at once, or later, in a thread of its own; with
 * SQPOLL even the request is taken by such a thread. So all but the result is
 * filled in when the kernel takes the request. Then the record waits in the
 * map "requests" until the kernel says what came of it.
 *
 * By then the kernel has copied the name, and we read that copy: nobody can
 * change it any more.
 */

/* enum io_uring_op and io_uring_sqe_flags_bit of uapi/linux/io_uring.h */
#define IO_URING_OPENAT	      18
#define IO_URING_OPENAT2      28
#define IO_URING_SKIP_SUCCESS (1 << 6)

/* By the address of the kernel's struct io_kiocb. */
BPF_F_TABLE("hash", u64, struct event, requests, REQUEST_ENTRIES,
	    REQUEST_FLAGS);

static bool opens_file(u8 opcode)
{
	return opcode == IO_URING_OPENAT || opcode == IO_URING_OPENAT2;
}

static enum open_call call_of_opcode(u8 opcode)
{
	return opcode == IO_URING_OPENAT ? CALL_IO_URING_OPENAT
					 : CALL_IO_URING_OPENAT2;
}

static void read_request(struct open_args *open, const void *request, u8 opcode)
{
	const void *command = request + IO_KIOCB_COMMAND;
	struct open_how how = {};
	void *filename = NULL;

	READ_AT(open->dirfd, command, IO_OPEN_DFD);
	READ_AT(how, command, IO_OPEN_HOW);
	READ_AT(filename, command, IO_OPEN_FILENAME);
	READ_AT(open->kernel_path, filename, FILENAME_NAME);
	open->call = call_of_opcode(opcode);
	/* Of the kernel: __io_openat_prep() in io_uring/openclose.c */
	open->flags = how.flags & ~O_LARGEFILE;
	open->mode = how.mode;
	open->resolve = how.resolve;
}

/* One that goes into the ring's own table of files gets no descriptor. */
static bool is_direct(const void *request)
{
	u32 slot = 0;

	READ_AT(slot, request + IO_KIOCB_COMMAND, IO_OPEN_SLOT);
	return slot != 0;
}

/*
 * The memory of a request is used again. If we still keep a record for the
 * one before, the kernel never told us that it was done.
 */
static void forget_request(u64 key)
{
	struct event *event = requests.lookup(&key);

	if (!event)
		return;
	if (event->ret != NOT_TOLD)
		count(MISSED);
	requests.delete(&key);
}

/* The record, as far as it is known by now. False if it isn't wanted. */
static bool fill_request(void *ctx, struct event *event, const void *request,
			 u8 opcode)
{
	u64 pid_tgid = caller_pid_tgid();
	struct open_args open = {};

	read_request(&open, request, opcode);
	if (!is_tool(pid_tgid)) {
		if (!caller_selected(pid_tgid) || !flags_selected(open.flags))
			return false;
	}
	read_open_path(event, &open);
#ifdef SUMMARY /* else the reader compares names, and this is long enough */
	if (!is_tool(pid_tgid) && !event_path_selected(event))
		return false;
#endif
	fill_event(event, &open, pid_tgid,
		   is_direct(request) ? NO_DESCRIPTOR : 0);
	find_directories(ctx, PROGRAM_REQUEST, event, &open);
	return true;
}

static int begin_request(void *ctx, const void *request, u8 opcode, u64 flags)
{
	struct event *event = event_buffer(PROGRAM_REQUEST);
	u64 key = (u64)request;

	if (!opens_file(opcode) || !event)
		return 0;
	forget_request(key);
	if (!fill_request(ctx, event, request, opcode))
		return 0;
	/* We won't be told how this one ends, unless it fails. */
	if (flags & IO_URING_SKIP_SUCCESS)
		event->ret = NOT_TOLD;
	if (event->ret == NOT_TOLD && result_selected(NOT_TOLD))
		deliver(ctx, event, 0);
	else if (requests.update(&key, event) < 0)
		count(MISSED);
	return 0;
}

static void finish_request(void *ctx, struct event *event, s32 ret)
{
	u64 began = event->ts;

	if (event->pid != TOOL_PID && !result_selected(ret))
		return;
	event->ts = bpf_ktime_get_ns();
#ifdef WANT_LATENCY
	event->latency = event->ts - began;
#endif
	if (ret < 0 || event->ret != NO_DESCRIPTOR)
		event->ret = ret;
	deliver(ctx, event, began);
}

static int end_request(void *ctx, const void *request, s32 ret)
{
	u64 key = (u64)request;
	struct event *event = requests.lookup(&key);
	u8 opcode = 0;

	if (!event)
		return 0;
	/* Is this still the request that we know, in the same memory? */
	READ_AT(opcode, request, IO_KIOCB_OPCODE);
	if (!opens_file(opcode)) {
		forget_request(key);
		return 0;
	}
	finish_request(ctx, event, ret);
	requests.delete(&key);
	return 0;
}

#ifdef IO_URING_BY_FUNCTION
#include "ways/io_openat2.h"
#else
#ifdef HAVE_IO_URING_CQE_OVERFLOW
#include "ways/io_overflow.h"
#endif

#ifdef HAVE_IO_URING_SUBMIT_REQ
TRACEPOINT_PROBE(io_uring, io_uring_submit_req)
#else /* its name before Linux 6.3 */
TRACEPOINT_PROBE(io_uring, io_uring_submit_sqe)
#endif
{
#ifdef HAVE_IO_URING_CQE_OVERFLOW
	if (opens_file(args->opcode))
		note_user_data(args->ctx, args->user_data, args->req);
#endif
	return begin_request(args, args->req, args->opcode, args->flags);
}

TRACEPOINT_PROBE(io_uring, io_uring_complete)
{
	return end_request(args, args->req, args->res);
}

/* Refused at once: its name can't be read, for example. */
TRACEPOINT_PROBE(io_uring, io_uring_req_failed)
{
	struct open_args open = {
		.call = call_of_opcode(args->opcode),
		.dirfd = AT_FDCWD,
		.user_path = (const char *)args->addr,
	};

	if (!opens_file(args->opcode))
		return 0;
	forget_request((u64)args->req);
	if (args->opcode == IO_URING_OPENAT2) {
		open.user_how = (const struct open_how *)args->off;
	} else {
		open.flags = args->op_flags;
		open.mode = args->len;
	}
	return whole_open(args, PROGRAM_FAILED_REQUEST, &open, args->error);
}
#endif
