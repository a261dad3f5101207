/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of an open whose begin was seen, for all calls but openat.
 */
#include "plans/openat2.h"

/* The end of an open by this call. */
static int end_call(void *ctx, enum open_call call, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct open_start *begun;

	if (call == CALL_OPENAT2 || call == CALL_OPENAT2_32) {
		begun = start.lookup(&tid);
		if (begun && begun->open.user_how)
			read_how(&begun->open);
	}
	return end(ctx, call, ret);
}
