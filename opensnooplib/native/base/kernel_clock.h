/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock that records have their times from.
 */
#ifndef OPENSNOOP_KERNEL_CLOCK_H
#define OPENSNOOP_KERNEL_CLOCK_H

#include <stdint.h>

/*
 * Now, in ns of CLOCK_MONOTONIC as the kernel itself has it. In a time
 * namespace, clock_gettime(2) tells that plus an offset: time_namespaces(7).
 */
uint64_t kernel_clock_ns(void);

#endif
