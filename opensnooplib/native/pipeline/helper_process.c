// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* kill */
#include "pipeline/helper_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/monitor.h"
#include "rows/id_names.h"
#include "stacks/helper_child.h"
#include "stacks/opener.h"

int helper_start(enum helper_kind kind, pid_t *pid)
{
	char text[MONITOR_TEXT_MAX];
	int fd;

	snprintf(text, sizeof(text), "start_helper %d", kind);
	fd = monitor_ask(text, NULL, 0);
	*pid = atoi(text);
	return fd == -EPERM ? helper_start_here(kind, 0, pid) : fd;
}

void helper_kill(pid_t pid)
{
	char text[MONITOR_TEXT_MAX];

	snprintf(text, sizeof(text), "kill %d", pid);
	if (monitor_ask(text, NULL, 0) == -EPERM)
		helper_kill_here(pid);
}

int helper_start_here(enum helper_kind kind, uint32_t user, pid_t *pid)
{
	return helper_fork(kind == HELPER_SCOUT ? opener_run : names_run, user,
			   pid);
}

void helper_kill_here(pid_t pid)
{
	if (kill(-pid, SIGKILL) < 0) /* it has no group yet */
		kill(pid, SIGKILL);
}
