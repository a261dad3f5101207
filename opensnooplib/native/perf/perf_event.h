/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events, whose rings are read: see perf_event_open(2).
 */
#pragma once

#include <linux/perf_event.h>

enum perf_event_kind {
	EVENT_RECORDS,		 /* that BPF programs send */
	EVENT_RECORDS_WITH_ID,	 /* likewise; each begins with the event's id */
	EVENT_RECORDS_WITH_TASK, /* and then the task in which it was sent */
	EVENT_MAPPINGS, /* that processes make, of code, and their ends */
};

/*
 * Open the event on a CPU, for all processes. Its ring, which the caller will
 * map, has `pages` pages (0: it writes to the ring of another event); the
 * kernel wakes who polls it when that holds `watermark` bytes. Returns a
 * descriptor or a negative errno.
 */
int event_open(enum perf_event_kind kind, int cpu, unsigned int pages,
	       unsigned int watermark);
