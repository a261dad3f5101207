/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of what a trace does not show.
 */

enum counter {
	LOST,	/* records for which the perf ring had no room */
	MISSED, /* opens without an entry in the map "start", or without end */
	NOT_FOLLOWED, /* processes without an entry in the map "followed" */
	COUNTERS
};

BPF_PERCPU_ARRAY(counters, u64, COUNTERS);

static void count(int counter)
{
	counters.increment(counter);
}

/* Counts an open, unless it is one of the tool's own. */
static void count_open(int counter, u64 pid_tgid)
{
	if (!is_tool(pid_tgid))
		count(counter);
}
