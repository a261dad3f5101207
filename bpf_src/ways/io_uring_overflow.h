/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results for which the completion ring has no room. For these the kernel has
 * another tracepoint, which doesn't give the request, only its ring and the
 * user_data that the program chose. Several requests can have the same, so a
 * request that is found by them must also have this very result.
 */
struct request_key {
	u64 ring;
	u64 user_data;
};

BPF_TABLE("lru_hash", struct request_key, u64, last_requests, 4096);

static void note_user_data(void *ring, u64 user_data, void *request)
{
	struct request_key key = {
		.ring = (u64)ring,
		.user_data = user_data,
	};
	u64 address = (u64)request;

	last_requests.update(&key, &address);
}

static bool has_result(u64 request, u64 user_data, s32 result)
{
	u64 request_user_data = 0;
	s32 request_result = 0;

	READ_AT(request_user_data, request, IO_KIOCB_CQE + IO_CQE_USER_DATA);
	READ_AT(request_result, request, IO_KIOCB_CQE + IO_CQE_RES);
	return request_user_data == user_data && request_result == result;
}

TRACEPOINT_PROBE(io_uring, io_uring_cqe_overflow)
{
	struct request_key key = {
		.ring = (u64)args->ctx,
		.user_data = args->user_data,
	};
	u64 *request = last_requests.lookup(&key);

	if (request && has_result(*request, args->user_data, args->res))
		end_request(args, (void *)*request, args->res);
	return 0;
}
