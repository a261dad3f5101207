/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Summary counter: counts each record that is selected.
 */
#ifndef OPENSNOOP_SUMMARY_COUNTER_H
#define OPENSNOOP_SUMMARY_COUNTER_H

#include "event/counts.h"

struct reader;

/*
 * Count records. Only text that isn't a row is written, to `fd`. Returns 0 or
 * -ENOMEM.
 */
int reader_start_tally(struct reader *reader, int fd);

/* The counts, which the caller may clear. */
struct tally *reader_tally(struct reader *reader);

#endif
