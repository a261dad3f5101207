// SPDX-License-Identifier: Apache-2.0
/*
 * opensnoop: every file that this host opens, one record for each open.
 *
 * BCC compiles this on the traced host, each time the tool starts. The
 * #includes below are in an order in which the files can be read, each after
 * those that it uses:
 *
 *   event.h       what a record holds
 *   memory.h      how the memory of programs and of the kernel is read
 *   task.h        who is calling
 *   open_args.h   the arguments of an open
 *   counters.h    what is lost, missed or not followed
 *   select.h      which opens are wanted
 *   record.h      how a record is filled and sent
 *   open.h        an open, from its arguments to its record
 *   plans/        the hooks of the syscalls that open files, by --attach; start
 *                 with plans/syscall.h
 *   ways/         opens that are none of these syscalls, or not seen as such
 *   thread_exit.h what is deleted when a thread ends
 *
 * These files include one of extra/ where an option needs it. Skip them at
 * first: extra/children.h, for example, is for --children alone.
 */
#include "event.h"
#include "memory.h"
#include "task.h"
#include "open_args.h"
#include "counters.h"
#include "select.h"
#include "record.h"
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
#ifdef SYSCALLS_32_BIT
#include "ways/syscalls_32_bit.h"
#endif
#ifdef KERNEL_OPENS
#include "ways/kernel_opens.h"
#endif
#ifdef EXEC_TRACEPOINT
#include "ways/exec_tracepoint.h"
#endif

#include "thread_exit.h"
