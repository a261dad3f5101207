/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper processes. The monitor forks and kills them, since a trace that has
 * given up its privileges may do neither; where there is no monitor, the trace
 * does. See struct helpers for what is returned.
 */
#pragma once

#include "stacks/helper.h"

/* For the trace. */
int helper_start(enum helper_kind kind, pid_t *pid);
void helper_kill(pid_t pid);

/*
 * For the monitor. The helper's processes become the users `user` + 1 and + 2,
 * whom no other process should have; 0: they stay who they are.
 */
int helper_start_here(enum helper_kind kind, uint32_t user, pid_t *pid);
void helper_kill_here(pid_t pid);
