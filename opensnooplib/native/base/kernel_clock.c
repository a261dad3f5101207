// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "base/kernel_clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/*
 * The offset, read once: it can't change while a process is in the namespace.
 * It is 0 if the kernel has no time namespaces: before Linux 5.5.
 */
static int64_t namespace_offset(void)
{
	static bool is_known;
	static long long seconds;
	static long long ns;
	FILE *file;

	if (!is_known && (file = fopen("/proc/self/timens_offsets", "re"))) {
		if (fscanf(file, "monotonic %lld %lld", &seconds, &ns) != 2)
			seconds = ns = 0;
		fclose(file);
	}
	is_known = true;
	return seconds * NS_PER_SECOND + ns;
}

uint64_t kernel_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec -
	       (uint64_t)namespace_offset();
}
