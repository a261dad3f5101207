/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzzers of rows and of recordings make columns of.
 */
#ifndef OPENSNOOP_FUZZ_COLUMNS_H
#define OPENSNOOP_FUZZ_COLUMNS_H

#include "input.h"
#include "rows/row_format.h"

/* Any kind, and others: 0x80 and above become kinds near UINT32_MAX. */
static inline uint32_t take_kind(struct input *input)
{
	uint32_t kind = (uint32_t)(int8_t)take_u8(input);

	/* Asking the host for names would make runs differ. */
	if (kind >= COLUMN_USER && kind <= COLUMN_CONTAINER)
		return COLUMN_ENUM;
	return kind;
}

#endif
