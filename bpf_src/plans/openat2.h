/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags and the mode of openat2, which are in the caller's memory.
 */
#pragma once

#include <uapi/linux/openat2.h>

/* If their page isn't in memory yet, user_how stays, to try again later. */
static void read_how(struct open_args *open)
{
	struct open_how how = {};

	if (bpf_probe_read_user(&how, sizeof(how), open->user_how) < 0)
		return;
	open->flags = how.flags;
	open->mode = how.mode;
	open->resolve = how.resolve;
	open->user_how = NULL;
}
