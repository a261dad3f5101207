// SPDX-License-Identifier: Apache-2.0
/*
 * opensnoop: every file that this host opens, one record for each open.
 *
 * BCC compiles this on the host that is traced, each time the tool starts.
 * Read it in this order:
 *
 *   event.h         what a record holds
 *   task.h          who is calling
 *   record.h        how a record is filled and sent, and losses are counted;
 *                   user_memory.h, how the caller's memory is read
 *   wanted.h        what it holds only if it is asked for; callers.h, with -c
 *   select.h        which opens are wanted; comm.h, of -n; follow.h, of
 *                   --children
 *   summary.h       how opens are counted, when that is all that is asked for
 *   open.h          an open from its arguments to its record
 *   full_path.h     the directories above a name
 *   begin_end.h     the same where begin and end are seen apart
 *   trusted.h       the name that the kernel itself used
 *   plan_syscall.h  where the kernel calls us; plan_syscall_exit.h,
 *                   plan_fentry.h and plan_kprobe.h are other ways to be
 *                   called, which find the arguments by registers.h and
 *                   entry_registers.h; syscall_exit.h, what a result is
 *   io_uring.h      opens without a syscall
 *   raw_syscalls.h, inner_opens.h, exec.h  what --all adds
 */
#include "event.h"
#include "task.h"
#include "record.h"
#include "select.h"
#ifdef SUMMARY
#include "summary.h"
#endif
#include "open.h"

#if defined(PLAN_SYSCALL)
#include "plan_syscall.h"
#elif defined(PLAN_SYSCALL_EXIT)
#include "plan_syscall_exit.h"
#elif defined(PLAN_KPROBE)
#include "plan_kprobe.h"
#elif defined(PLAN_FENTRY)
#include "plan_fentry.h"
#endif

#ifdef IO_URING
#include "io_uring.h"
#endif
#ifdef RAW_SYSCALLS
#include "raw_syscalls.h"
#endif
#ifdef INNER_OPENS
#include "inner_opens.h"
#endif
#ifdef EXEC_TRACEPOINT
#include "exec.h"
#endif

#include "thread_exit.h"
