/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash map: values by keys of any bytes, whose size is a multiple of 8. A map
 * of zeros is empty. How many values it may have is its owner's business.
 */
#ifndef OPENSNOOP_HASH_MAP_H
#define OPENSNOOP_HASH_MAP_H

#include <stddef.h>

struct hash_map {
	struct hash_entry **slots; /* NULL: nothing was added yet */
	size_t count;		   /* of the values */
};

/* The value of this key, where it stays until hash_map_clear(); or NULL. */
void *hash_map_find(const struct hash_map *map, const void *key,
		    size_t key_size);

/* Add a value of zeros for a key that has none yet. NULL without memory. */
void *hash_map_add(struct hash_map *map, const void *key, size_t key_size,
		   size_t value_size);

/* Remove all values; `forget` frees what a value points to; NULL: nothing. */
void hash_map_clear(struct hash_map *map, void (*forget)(void *value));

#endif
