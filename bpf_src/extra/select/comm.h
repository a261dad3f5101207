/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -n: opens by commands whose name contains a text, or doesn't.
 */
#include "extra/call_if.h"
#if IO_URING
#include "extra/io_worker.h"
#endif

/*
 * SELECT_COMM(comm) is true if a text that is wanted is at the address `comm`;
 * for "cat", it compares three bytes there. EXCLUDE_COMM(comm) likewise. What
 * follows the NUL may be part of an older name.
 */
static bool comm_selected(void)
{
	char comm[2 * TASK_COMM_LEN] = {};
	bool selected = false;

	bpf_get_current_comm(comm, TASK_COMM_LEN);
	CALL_IF(IO_URING, use_process_name(comm));
#pragma unroll
	for (int offset = 0; offset < TASK_COMM_LEN; offset++) {
		if (EXCLUDE_COMM(comm + offset))
			return false;
		if (SELECT_COMM(comm + offset))
			selected = true;
		if (!comm[offset])
			break;
	}
	return selected;
}
