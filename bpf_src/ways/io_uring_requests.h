/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of opens through io_uring, from a request to its result.
 *
 * The kernel opens the file at once, or later, in a thread of its own; with
 * SQPOLL such a thread even takes the request from the ring. So all fields but
 * the result are filled when the kernel takes the request. Then the record
 * waits in the map "requests" until the request is complete.
 *
 * The path is the kernel's copy, which the program can't change any more.
 */
#include "extra/call_if.h"
#include "extra/io_worker.h"
#include "extra/kernel_memory.h"
#include "plans/openat2.h"
#include "extra/record_values.h"
#include "ways/io_uring_shares.h"

/* enum io_uring_op and io_uring_sqe_flags_bit of uapi/linux/io_uring.h */
#define IO_URING_OPENAT	      18
#define IO_URING_OPENAT2      28
#define IO_URING_SKIP_SUCCESS (1 << 6)

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
	/* The kernel adds the flag: __io_openat_prep(), io_uring/openclose.c */
	open->flags = how.flags & ~O_LARGEFILE;
	open->mode = how.mode;
	open->resolve = how.resolve;
}

/* Fills all fields but the result. False if the open isn't wanted. */
static bool fill_request(struct event *event, const void *request, u8 opcode)
{
	u64 pid_tgid = caller_pid_tgid();
	struct open_args open = {};
	u32 slot = 0;

	read_request(&open, request, opcode);
	if (!caller_selected(pid_tgid) || !flags_selected(pid_tgid, &open))
		return false;
	fill_path(event, &open, NULL);
	/* A file in the ring's own table has a slot, but no descriptor. */
	READ_AT(slot, request + IO_KIOCB_COMMAND, IO_OPEN_SLOT);
	fill_event(CALL_IO_URING_OPENAT, event, &open, pid_tgid,
		   slot ? NO_DESCRIPTOR : 0);
	use_process_name(event->comm);
	return true;
}

static int begin_request(void *ctx, const void *request, u8 opcode, u64 flags,
			 u64 user_data)
{
	u32 program = CALL_IO_URING_OPENAT;
	struct event *event = scratch.lookup(&program);
	u64 key = (u64)request;

	if (!opens_file(opcode) || !event)
		return 0;
	/* An older request may have had the same memory. */
	forget_request(key);
	if (!fill_request(event, request, opcode))
		return 0;
	if (flags & IO_URING_SKIP_SUCCESS) {
		/* No tracepoint has the result, unless it is a failure. */
		event->ret = UNKNOWN_RESULT;
		send_event(ctx, event, 0);
	} else {
		/* Callers, for a row while it hangs; send_event() has newer. */
		CALL_IF(HANGING, finish_extras(ctx, event, 0));
		keep_request(key, event, user_data);
	}
	return 0;
}

static int end_request(void *ctx, const void *request, s32 ret)
{
	u64 key = (u64)request;
	struct event *event = requests.lookup(&key);
	u8 opcode = 0;
	u64 began;

	if (!event)
		return 0;
	/* The memory may be another request's by now, which opens no file. */
	READ_AT(opcode, request, IO_KIOCB_OPCODE);
	if (!opens_file(opcode)) {
		forget_request(key);
		return 0;
	}
	began = event->ts;
	if (result_selected((u64)event->pid << 32, ret, began)) {
		event->ts = bpf_ktime_get_ns();
		if (ret < 0 || event->ret != NO_DESCRIPTOR)
			event->ret = ret;
		send_event(ctx, event, began);
	}
	requests.delete(&key);
	return 0;
}
