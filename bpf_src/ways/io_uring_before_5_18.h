/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens through io_uring before Linux 5.18, whose tracepoints don't say which
 * request is complete. Here a kprobe and a kretprobe are on io_openat2(), which
 * opens the file of a request.
 *
 * The function either completes the request itself, and the tracepoint has the
 * result before it returns; or it leaves the result in the request. If it
 * returns -EAGAIN, a thread of the kernel will try again.
 */
#include <uapi/linux/errno.h>
#include <uapi/linux/ptrace.h>

#include "ways/io_uring_requests.h"

/* By thread, the address of the request that it is working on. */
BPF_HASH(issued, u32, u64, REQUEST_ENTRIES);

int kprobe__io_openat2(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 request = PT_REGS_PARM1(ctx);
	u8 opcode = 0;

	READ_AT(opcode, request, IO_KIOCB_OPCODE);
	begin_request(ctx, (void *)request, opcode, 0, 0);
	if (issued.update(&tid, &request) < 0)
		count(MISSED);
	return 0;
}

TRACEPOINT_PROBE(io_uring, io_uring_complete)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *request = issued.lookup(&tid);

	if (!request)
		return 0;
	end_request(args, (void *)*request, args->res);
	issued.delete(&tid);
	return 0;
}

int kretprobe__io_openat2(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *request = issued.lookup(&tid);
	u64 key;
	u32 result = 0;

	if (!request)
		return 0;
	key = *request;
	issued.delete(&tid);
	READ_AT(result, key, IO_KIOCB_RESULT);
	if ((int)PT_REGS_RC(ctx) == -EAGAIN)
		requests.delete(&key);
	else
		end_request(ctx, (void *)key, result);
	return 0;
}
