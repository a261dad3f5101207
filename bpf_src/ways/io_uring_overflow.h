/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results for which the completion ring has no room. For these the kernel has
 * another tracepoint, which doesn't give the request, only the user_data that
 * the program chose for it. Many requests can have the same, and not all of
 * them open files. So a request that is found by it must also be done, and
 * with this very result.
 */

/* REQ_F_NEED_CLEANUP of linux/io_uring_types.h: io_openat2() hasn't ended. */
#define NEEDS_CLEANUP (1 << 13)

/* More take long to verify. A request that isn't found is missed in the end. */
#define MOST_STEPS 16

static bool has_result(u64 request, s32 result)
{
	u32 flags = NEEDS_CLEANUP;
	s32 request_result = 0;

	READ_AT(flags, request, IO_KIOCB_FLAGS);
	READ_AT(request_result, request, IO_KIOCB_CQE + IO_CQE_RES);
	return !(flags & NEEDS_CLEANUP) && request_result == result;
}

/* The address of the request, or 0. Only the newest are looked at. */
static u64 find_request(u64 user_data, s32 result)
{
	u32 number = share_of_caller();
	struct share *share = shares.lookup(&number);
	struct slot *slot;

	if (!share)
		return 0;
	number = *newest_with(share, user_data);
	for (int step = 0; step < MOST_STEPS; step++) {
		slot = slots.lookup(&number);
		if (!slot)
			return 0;
		if (slot->user_data == user_data && is_under_way(slot) &&
		    has_result(slot->request, result))
			return slot->request;
		number = slot->older;
	}
	return 0;
}

TRACEPOINT_PROBE(io_uring, io_uring_cqe_overflow)
{
	u64 request = find_request(args->user_data, args->res);

	if (request)
		end_request(args, (void *)request, args->res);
	return 0;
}
