/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selection: which records have rows, as far as the kernel has not selected
 * them already.
 */
#pragma once

#include "event/record.h"

struct reader;

/*
 * Add a process of the tool's own, whose opens are not selected. The first is
 * the trace itself.
 */
void reader_add_own_process(struct reader *reader, uint32_t pid);

/* A process of the tool's own has ended; the trace itself never does. */
void reader_end_own_process(struct reader *reader, uint32_t pid);

/* Is the record selected? */
bool is_wanted(struct reader *reader, const struct record *record);

/* Of a selected one: is it the last, since it is what --until waits for? */
bool is_last(struct reader *reader, const struct record *record);
