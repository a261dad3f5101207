/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader rings: a reader that is opened with a perf ring for each CPU, also for
 * CPUs that come online later.
 */
#ifndef OPENSNOOP_READER_RINGS_H
#define OPENSNOOP_READER_RINGS_H

struct reader;

/*
 * Open and map a ring of `pages` pages (a power of two) for each CPU. They have
 * one stream: see perf_ring.h. Returns 0 or a negative errno, and then *reader
 * is NULL.
 */
int reader_open(struct reader **reader, const int *cpus, unsigned int cpu_count,
		unsigned int pages);

/* Close a reader of rings or of a recording. */
void reader_close(struct reader *reader);

/*
 * A CPU came online: open a ring for it. A CPU that was online before needs a
 * new ring, since the kernel detaches events for good from a CPU that goes
 * offline. The ring goes into the perf event arrays of reader_set_map().
 * Returns 0 or a negative errno; -EAGAIN while the CPU's old ring has records:
 * after the next reader_poll() it will have fewer.
 */
int reader_follow_cpu(struct reader *reader, int cpu);

/*
 * A CPU whose ring is dead, since the CPU went offline; it may be back by now.
 * -1 if there is none. This interrupts each CPU.
 */
int reader_deaf_cpu(const struct reader *reader);

#endif
