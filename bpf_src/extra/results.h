/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of opens, and a program that sees a call which another one sees, too.
 */
#ifndef RESULTS_H
#define RESULTS_H

#include "extra/record_values.h"

#define LARGEST_ERRNO 4095 /* MAX_ERRNO of linux/err.h */

#define FAILED_REQUEST (SYSCALL_EXIT + 1)

#endif
