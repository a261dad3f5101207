/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Function cache: which function lies at an offset of a file, as far as that
 * was asked before.
 */
#ifndef OPENSNOOP_FUNCTION_CACHE_H
#define OPENSNOOP_FUNCTION_CACHE_H

#include "stacks/mapped_module.h"

struct cached_function {
	uint32_t module; /* its id; 0: this entry is empty */
	bool is_final;	 /* false: the name may be found by asking again */
	int64_t changed; /* the file's modification time, in ns */
	uint64_t offset; /* in the file */
	uint64_t into;	 /* bytes from the function's start to `offset` */
	char *name;	 /* NULL: no function is known there */
};

struct function_cache {
	struct cached_function *all; /* NULL: nothing was put yet */
	unsigned int turn; /* which entry of a full set is replaced next */
};

/* The function at this offset of the file as it is now; NULL: not cached. */
const struct cached_function *
function_cache_find(const struct function_cache *cache,
		    const struct module *module, uint64_t offset);

/* Put a function in, with a copy of its name. NULL without memory. */
const struct cached_function *
function_cache_put(struct function_cache *cache,
		   const struct cached_function *function);

void function_cache_clear(struct function_cache *cache);

#endif
