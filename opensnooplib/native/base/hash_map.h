/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash map: values of one size, by keys of any bytes. A map of zeros is empty.
 * How much it may hold is its owner's business, or limited by `room`.
 *
 * Keys come from other people's programs: without the secret, which is random
 * in each process, nobody can choose keys that lie in one slot.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash_entry {
	struct hash_entry *next;  /* in the same slot */
	struct hash_entry *older; /* the one that was added before it */
	uint64_t hash;		  /* of the key */
	size_t key_size;
	unsigned char *key; /* behind the value */
	uint64_t value[];   /* any struct: this is its alignment */
};

struct hash_map {
	struct hash_entry **slots; /* NULL: nothing was added yet */
	size_t slot_count;	   /* a power of two */
	size_t count;		   /* of the values */
	size_t bytes;		   /* that they and their keys take, about */
	size_t room;		   /* the most bytes; 0: no limit */
	struct hash_entry *newest; /* leads to all others */
	struct hash_entry *found;  /* by the last search, or NULL */
};

/* The value of this key, where it stays until hash_map_clear(); or NULL. */
void *hash_map_find(struct hash_map *map, const void *key, size_t key_size);

/* Add a value of zeros for a key that has none yet. NULL without room. */
void *hash_map_add(struct hash_map *map, const void *key, size_t key_size,
		   size_t value_size);

/* Remove all values; `forget` frees what a value points to; NULL: nothing. */
void hash_map_clear(struct hash_map *map, void (*forget)(void *value));
