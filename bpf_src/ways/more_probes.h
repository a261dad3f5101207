/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes for opens that the hooks of a plan don't see, and for threads' ends.
 */
#if IO_URING_BY_FUNCTION
#include "ways/io_uring_before_5_18.h"
#elif IO_URING
#include "ways/io_uring.h"
#endif
#if SYSCALLS_32_BIT
#include "ways/syscalls_32_bit.h"
#endif
#if KERNEL_OPENS_BY_FENTRY
#include "ways/kernel_opens_by_fentry.h"
#elif KERNEL_OPENS_BY_KPROBE
#include "ways/kernel_opens_by_kprobe.h"
#endif
#if EXEC_TRACEPOINT
#include "ways/exec_tracepoint.h"
#endif
#if BEGIN_END || FOLLOW_CHILDREN || KERNEL_OPENS_BY_KPROBE
#include "ways/thread_exit.h"
#endif
