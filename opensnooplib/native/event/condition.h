/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that a record can meet: selection where no kernel selects, when
 * a recording is replayed. bpf_src/select.h is the same for a live trace.
 */
#ifndef OPENSNOOP_CONDITION_H
#define OPENSNOOP_CONDITION_H

#include "event/record.h"

enum condition_kind {
	CONDITION_BITS,	 /* some of the field's bits are as wanted */
	CONDITION_MOST,	 /* the field is at most `bits`, without a sign */
	CONDITION_HOLDS, /* the field's text holds `text` */
	CONDITION_KINDS
};

/* The field, widened to 64 bits with its sign, has these of `mask`. */
struct wanted_bits {
	uint64_t mask;
	uint64_t bits;
};

#define CONDITION_TEXT_SIZE 64

struct condition {
	uint32_t kind; /* enum condition_kind */
	struct field field;
	uint32_t first; /* of the wanted bits: any one of these will do */
	uint32_t count;
	char text[CONDITION_TEXT_SIZE]; /* NUL-terminated */
};

/* All of them must be met. */
struct conditions {
	struct condition *all;
	uint32_t count;
	struct wanted_bits *wanted;
};

/*
 * Copy them. Returns 0, -ENOMEM, or -EINVAL for a condition that reaches
 * beyond `wanted_count`.
 */
int conditions_set(struct conditions *conditions, const struct condition *all,
		   uint32_t count, const struct wanted_bits *wanted,
		   uint32_t wanted_count);
void conditions_free(struct conditions *conditions);

/* A record that is too short for a field doesn't meet its condition. */
bool conditions_met(const struct conditions *conditions,
		    const struct record *record);

#endif
