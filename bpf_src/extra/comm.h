/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -n: opens by commands whose name contains a text.
 */
#if IO_URING
#include "extra/io_worker.h"
#else
#define use_process_name(comm)
#endif

/*
 * SELECT_COMM(comm) is true if the text is at the address `comm`; for "cat", it
 * compares three bytes there. The text has no NUL, so it isn't found in what
 * follows the name.
 */
static bool comm_selected(void)
{
	char comm[2 * TASK_COMM_LEN] = {};

	bpf_get_current_comm(comm, TASK_COMM_LEN);
	use_process_name(comm);
#pragma unroll
	for (int offset = 0; offset < TASK_COMM_LEN; offset++)
		if (SELECT_COMM(comm + offset))
			return true;
	return false;
}
