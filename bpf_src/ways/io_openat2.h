/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens through io_uring before Linux 5.18, whose tracepoints don't tell which
 * request is done: by a kprobe and a kretprobe on io_openat2(), which opens
 * the file of a request.
 *
 * The result is told in one of two ways. The function completes the request
 * itself: then we see the tracepoint before it returns. Or it leaves the
 * result in the request. -EAGAIN is none: a thread of the kernel's will try
 * again.
 */
#include <uapi/linux/errno.h>
#include <uapi/linux/ptrace.h>

/* The request that a thread is at, by its address. */
BPF_HASH(issued, u32, u64, REQUEST_ENTRIES);

int kprobe__io_openat2(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 request = PT_REGS_PARM1(ctx);
	u8 opcode = 0;

	READ_AT(opcode, request, IO_KIOCB_OPCODE);
	begin_request(ctx, (void *)request, opcode, 0);
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
