/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens through io_uring: the program puts a request into a ring, and makes no
 * syscall that opens a file.
 */
#include "ways/io_uring_requests.h"
#include "ways/io_uring_overflow.h"

/* The program, which sees calls that another one sees, too. */
#define FAILED_REQUEST (SYSCALL_EXIT + 1)

#if HAVE_IO_URING_SUBMIT_REQ
TRACEPOINT_PROBE(io_uring, io_uring_submit_req)
#else /* before Linux 6.3 */
TRACEPOINT_PROBE(io_uring, io_uring_submit_sqe)
#endif
{
	return begin_request(args, args->req, args->opcode, args->flags,
			     args->user_data);
}

TRACEPOINT_PROBE(io_uring, io_uring_complete)
{
	return end_request(args, args->req, args->res);
}

/* A request that is refused at once, because its path can't be read, say. */
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
		read_how(&open);
	} else {
		open.flags = args->op_flags;
		open.mode = args->len;
	}
	return report(args, FAILED_REQUEST, &open, NULL, args->error);
}
