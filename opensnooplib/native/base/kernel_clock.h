/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel clock: the clock by which BPF programs stamp records.
 */
#pragma once

#include <stdint.h>

#define NS_PER_SECOND 1000000000LL

/*
 * The time now: ns of CLOCK_MONOTONIC as the kernel itself has it. In a time
 * namespace, clock_gettime(2) adds an offset to that: time_namespaces(7).
 */
uint64_t kernel_clock_ns(void);
