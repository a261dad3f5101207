/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Condition: what a record must meet to be selected when a recording is
 * replayed. In a live trace, the kernel selects: bpf_src/select.h.
 */
#ifndef OPENSNOOP_CONDITION_H
#define OPENSNOOP_CONDITION_H

#include "event/record.h"

enum condition_kind {
	CONDITION_BITS,	 /* the field has one of the wanted_bits */
	CONDITION_MOST,	 /* the field, unsigned, is at most `bits` */
	CONDITION_HOLDS, /* the field's text contains `text` */
	CONDITION_KINDS
};

/* A field, sign-extended to 64 bits, has them if field & mask == bits. */
struct wanted_bits {
	uint64_t mask;
	uint64_t bits;
};

#define CONDITION_TEXT_SIZE 64

struct condition {
	uint32_t kind; /* enum condition_kind */
	struct field field;
	uint32_t first; /* index in the wanted bits; any one suffices */
	uint32_t count; /* of the condition's wanted bits */
	char text[CONDITION_TEXT_SIZE]; /* NUL-terminated */
};

/* A record must meet all of them. */
struct conditions {
	struct condition *all;
	uint32_t count;
	struct wanted_bits *wanted;
};

/*
 * Copy conditions and their wanted bits. Returns 0; -ENOMEM; or -EINVAL for a
 * condition whose wanted bits reach beyond `wanted_count`.
 */
int conditions_set(struct conditions *conditions, const struct condition *all,
		   uint32_t count, const struct wanted_bits *wanted,
		   uint32_t wanted_count);
void conditions_free(struct conditions *conditions);

/* Does the record meet all? If it is too short for a field, it doesn't. */
bool conditions_met(const struct conditions *conditions,
		    const struct record *record);

#endif
