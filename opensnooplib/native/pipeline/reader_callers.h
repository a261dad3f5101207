/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers of a reader's records: they have names only when asked for.
 */
#ifndef OPENSNOOP_READER_CALLERS_H
#define OPENSNOOP_READER_CALLERS_H

struct reader;

/*
 * Show callers by name from here on; without this they are addresses. It may be
 * called again. Returns 0 or a negative errno.
 */
int reader_name_callers(struct reader *reader);

/*
 * If callers have names: begin anew, to follow processes on all CPUs that have
 * a ring now. What was mapped on a CPU while it wasn't followed is unknown.
 * Returns 0 or a negative errno.
 */
int follow_callers_on_cpus(struct reader *reader);

#endif
