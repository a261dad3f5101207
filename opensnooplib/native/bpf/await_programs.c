// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* nanosleep, syscall */
#include "bpf/await_programs.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int await_programs(bool may_be_preempted)
{
	/* A hundred milliseconds are far more than a program takes. */
	struct timespec left = {.tv_nsec = 100 * 1000 * 1000};

	/* This waits for an RCU grace period; it fails with nohz_full. */
	if (!may_be_preempted &&
	    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
		return 0;
	while (nanosleep(&left, &left) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}
