/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results for which the completion ring has no room. For these the kernel has
 * another tracepoint, which doesn't give the request, only the user_data that
 * the program chose for it. Many requests can have the same, and not all of
 * them open files. So a request that is found by it must also be done, and
 * with this very result.
 */
#include <uapi/linux/errno.h>

/* Flags of a request, REQ_F_... of linux/io_uring_types.h. */
#define HAS_FAILED    (1 << 8)
#define NEEDS_CLEANUP (1 << 13) /* io_openat2() hasn't ended */

/*
 * Is the request done, and with this result? The memory of a result is used
 * again, and has an older one until io_openat2() ends. So a failure must also
 * be marked as one. What is cancelled needs its cleanup still.
 */
static bool has_result(u64 request, s32 result)
{
	u32 flags = NEEDS_CLEANUP;
	s32 request_result = 0;

	READ_AT(flags, request, IO_KIOCB_FLAGS);
	READ_AT(request_result, request, IO_KIOCB_CQE + IO_CQE_RES);
	if (flags & NEEDS_CLEANUP && result != -ECANCELED)
		return false;
	return request_result == result && !(flags & HAS_FAILED) == result >= 0;
}

/*
 * The address of the request, or 0. Only the newest are looked at: one that
 * isn't found is missed in the end.
 */
static u64 find_request(u64 user_data, s32 result)
{
	u32 number = share_of_caller();
	struct share *share = shares.lookup(&number);
	struct slot *slot;

	if (!share)
		return 0;
	number = *newest_with(share, user_data);
	for (int step = 0; step < MOST_SLOTS; step++) {
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
