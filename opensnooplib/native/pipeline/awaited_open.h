/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Awaited open: an open that the tool makes itself, whose record proves that
 * the programs work.
 */
#ifndef OPENSNOOP_AWAITED_OPEN_H
#define OPENSNOOP_AWAITED_OPEN_H

#include <stdint.h>

struct reader;

struct awaited_open {
	const char *path; /* NULL: a path that can't be read */
	uint32_t pid;
	int32_t ret;
};

/*
 * Drop the newest stream's records up to the one of this open: the trace begins
 * after it. Records of older streams are shown. Returns 1 if the record was
 * there, 0 if it wasn't within `timeout_ms`, and -EAGAIN if that is unknown,
 * since there is no room for an older stream's rows.
 */
int reader_await_open(struct reader *reader, const struct awaited_open *open,
		      int timeout_ms);

#endif
