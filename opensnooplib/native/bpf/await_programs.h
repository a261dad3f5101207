/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for BPF programs that run.
 */
#ifndef OPENSNOOP_AWAIT_PROGRAMS_H
#define OPENSNOOP_AWAIT_PROGRAMS_H

#include <stdbool.h>

/*
 * Wait until every BPF program that began before this call has ended. RCU tells
 * so for programs that the kernel doesn't preempt; for others this waits for a
 * fixed time. Returns 0 or a negative errno.
 */
int await_programs(bool may_be_preempted);

#endif
