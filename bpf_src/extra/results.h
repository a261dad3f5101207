/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of opens that aren't as open(2) returns them, and programs that see
 * a call which another one sees, too.
 */
#ifndef RESULTS_H
#define RESULTS_H

#define LARGEST_ERRNO 4095 /* MAX_ERRNO of linux/err.h */

/* In place of a file descriptor, where an open that succeeded has none. */
#define NO_DESCRIPTOR 0x7fffffff

/* In place of a result that the kernel doesn't report. */
#define UNKNOWN_RESULT 0x7ffffffe

#define FAILED_REQUEST (SYSCALL_EXIT + 1)
#define KERNEL_BELOW   (SYSCALL_EXIT + 2)

#endif
