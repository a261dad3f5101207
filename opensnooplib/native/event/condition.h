/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Condition: what a record must meet to be selected, where the kernel has not
 * decided that already (bpf_src/select.h).
 */
#pragma once

#include "event/record.h"

enum condition_kind {
	CONDITION_BITS,	 /* field & mask == bits; it is sign-extended first */
	CONDITION_MOST,	 /* the field, unsigned, is at most `bits` */
	CONDITION_HOLDS, /* the field's text contains `text` */
	CONDITION_KINDS
};

#define CONDITION_TEXT_SIZE 64

struct condition {
	uint32_t kind; /* enum condition_kind */
	struct field field;
	uint32_t or_next;  /* if not 0, to meet the next one suffices */
	uint32_t excludes; /* if not 0, what it says must not be so */
	uint64_t mask;
	uint64_t bits;
	char text[CONDITION_TEXT_SIZE]; /* NUL-terminated */
};

/*
 * Does the record meet all? If it is too short for a field, it only meets those
 * that exclude.
 */
bool conditions_met(const struct condition *all, uint32_t count,
		    const struct record *record);
