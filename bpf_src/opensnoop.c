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
 *   extra/wanted.h        what it holds only if it is asked for; extra/callers.h, with -c
 *   select.h        which opens are wanted; extra/comm.h, of -n; extra/follow.h, of
 *                   --children
 *   extra/summary.h       how opens are counted, when that is all that is asked for
 *   open.h          an open from its arguments to its record
 *   extra/full_path.h     the directories above a name
 *   plans/begin_end.h     the same where begin and end are seen apart
 *   extra/trusted.h       the name that the kernel itself used
 *   plans/syscall.h  where the kernel calls us; plans/syscall_exit.h,
 *                   plans/fentry.h and plans/kprobe.h are other ways to be
 *                   called, which find the arguments by plans/registers.h and
 *                   plans/whole_open.h; plans/exit_arguments.h, what a result is
 *   ways/io_uring.h      opens without a syscall
 *   ways/raw_syscalls.h, ways/inner_opens.h, ways/exec.h  what --all adds
 */
#include "event.h"
#include "task.h"
#include "record.h"
#include "select.h"
#ifdef SUMMARY
#include "extra/summary.h"
#endif
#include "open.h"

#if defined(PLAN_SYSCALL)
#include "plans/syscall.h"
#elif defined(PLAN_SYSCALL_EXIT)
#include "plans/syscall_exit.h"
#elif defined(PLAN_KPROBE)
#include "plans/kprobe.h"
#elif defined(PLAN_FENTRY)
#include "plans/fentry.h"
#endif

#ifdef IO_URING
#include "ways/io_uring.h"
#endif
#ifdef RAW_SYSCALLS
#include "ways/raw_syscalls.h"
#endif
#ifdef INNER_OPENS
#include "ways/inner_opens.h"
#endif
#ifdef EXEC_TRACEPOINT
#include "ways/exec.h"
#endif

#include "thread_exit.h"
