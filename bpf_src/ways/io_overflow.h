/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results that find no room in the ring for them. For such a one the kernel
 * has another tracepoint, which doesn't name the request: only its ring and
 * what the program calls it (user_data). Several can have one name, so we look
 * whether the request that we find has this very result.
 */
struct request_name {
	u64 ring;
	u64 user_data;
};

BPF_TABLE("lru_hash", struct request_name, u64, last_named, 4096);

static void note_user_data(void *ring, u64 user_data, void *request)
{
	struct request_name name = {
		.ring = (u64)ring,
		.user_data = user_data,
	};
	u64 address = (u64)request;

	last_named.update(&name, &address);
}

static bool has_result(u64 request, u64 user_data, s32 result)
{
	u64 its_user_data = 0;
	s32 its_result = 0;

	READ_AT(its_user_data, request, IO_KIOCB_CQE + IO_CQE_USER_DATA);
	READ_AT(its_result, request, IO_KIOCB_CQE + IO_CQE_RES);
	return its_user_data == user_data && its_result == result;
}

TRACEPOINT_PROBE(io_uring, io_uring_cqe_overflow)
{
	struct request_name name = {
		.ring = (u64)args->ctx,
		.user_data = args->user_data,
	};
	u64 *request = last_named.lookup(&name);

	if (request && has_result(*request, args->user_data, args->res))
		end_request(args, (void *)*request, args->res);
	return 0;
}
