// SPDX-License-Identifier: Apache-2.0
#include "base/hash_map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Each slot is a list, a short one also with tens of thousands of values. */
#define SLOTS 4096

struct hash_entry {
	struct hash_entry *next; /* in the same slot */
	size_t key_size;
	unsigned char *key; /* behind the value */
	uint64_t value[];   /* any struct: this is its alignment */
};

/*
 * The hash begins with the random address of the slots, and both halves of each
 * product count: who doesn't know the address can't choose keys that all lie in
 * one slot.
 */
static struct hash_entry **slot_of(const struct hash_map *map, const void *key,
				   size_t key_size)
{
	const unsigned char *bytes = key;
	uint64_t hash = (uintptr_t)map->slots;

	for (size_t i = 0; i < key_size; i += sizeof(hash)) {
		unsigned __int128 product;
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		product = (unsigned __int128)(hash ^ word) * 0x9e3779b97f4a7c15;
		hash = (uint64_t)product ^ (uint64_t)(product >> 64);
	}
	return &map->slots[hash % SLOTS];
}

void *hash_map_find(const struct hash_map *map, const void *key,
		    size_t key_size)
{
	struct hash_entry *entry;

	if (!map->slots)
		return NULL;
	entry = *slot_of(map, key, key_size);
	while (entry && (entry->key_size != key_size ||
			 memcmp(entry->key, key, key_size) != 0))
		entry = entry->next;
	return entry ? entry->value : NULL;
}

void *hash_map_add(struct hash_map *map, const void *key, size_t key_size,
		   size_t value_size)
{
	struct hash_entry *entry;
	struct hash_entry **slot;

	if (!map->slots)
		map->slots = calloc(SLOTS, sizeof(struct hash_entry *));
	entry = calloc(1, sizeof(*entry) + value_size + key_size);
	if (!map->slots || !entry) {
		free(entry);
		return NULL;
	}
	entry->key = (unsigned char *)entry->value + value_size;
	entry->key_size = key_size;
	memcpy(entry->key, key, key_size);
	slot = slot_of(map, key, key_size);
	entry->next = *slot;
	*slot = entry;
	map->count++;
	return entry->value;
}

void hash_map_clear(struct hash_map *map, void (*forget)(void *value))
{
	for (size_t i = 0; map->slots && i < SLOTS; i++) {
		struct hash_entry *entry = map->slots[i];

		while (entry) {
			struct hash_entry *next = entry->next;

			if (forget)
				forget(entry->value);
			free(entry);
			entry = next;
		}
	}
	free(map->slots);
	*map = (struct hash_map){0};
}
