// SPDX-License-Identifier: Apache-2.0
/*
 * opensnoop: every file that this host opens, one record for each open.
 *
 * BCC compiles this on the host that is traced, each time the tool starts.
 * Read it in this order:
 *
 *   event.h         what a record holds
 *   task.h          who is calling
 *   record.h        how a record is filled and sent, and losses are counted
 *   select.h        which opens are wanted
 *   plan_syscall.h  where the kernel calls us
 */
#include "event.h"
#include "task.h"
#include "record.h"
#include "select.h"

#ifdef PLAN_SYSCALL
#include "plan_syscall.h"
#endif
