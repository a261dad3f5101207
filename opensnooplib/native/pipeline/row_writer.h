/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row writer: writes a row for each record that is selected.
 */
#ifndef OPENSNOOP_ROW_WRITER_H
#define OPENSNOOP_ROW_WRITER_H

#include <stdbool.h>
#include <stdint.h>

struct reader;

/*
 * Write rows to `fd`, at most `count` of them (0: no limit); with `by_line`,
 * each row by itself, as soon as it is complete. Returns 0 or -ENOMEM.
 */
int reader_start(struct reader *reader, int fd, uint64_t count, bool by_line);

#endif
