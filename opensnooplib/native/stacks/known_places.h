/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function is where in a file, as far as somebody has asked before.
 */
#ifndef OPENSNOOP_KNOWN_PLACES_H
#define OPENSNOOP_KNOWN_PLACES_H

#include "stacks/mapped_module.h"

struct place {
	uint32_t module; /* its id; 0: nothing is here */
	bool is_final;	 /* else it is worth asking once more */
	int64_t changed; /* when the file was */
	uint64_t offset;
	uint64_t into; /* the function */
	char *name;    /* NULL: no function is known there */
};

struct places {
	struct place *all; /* NULL before the first one */
	unsigned int turn; /* which one goes next where there is no room */
};

/* What is known of the file as it is now, or NULL. */
const struct place *places_find(const struct places *places,
				const struct module *module, uint64_t offset);

/* Keep it, with a copy of its name. NULL without memory. */
const struct place *places_put(struct places *places,
			       const struct place *place);
void places_forget(struct places *places);

#endif
