// SPDX-License-Identifier: Apache-2.0
#include "base/hash_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_SLOTS 256

/*
 * The key as a polynomial, modulo a prime, at a random point (Carter and
 * Wegman): whoever doesn't know the point can't choose two keys that have the
 * same hash more often than by chance, once in 2^61 for each four bytes.
 */
static uint64_t hash_of(const unsigned char *key, size_t size)
{
	const uint64_t prime = (1ULL << 61) - 1;
	static uint64_t point;
	uint64_t hash = size;

	/* Without random bytes, the map works, but can be slowed. */
	if (!point && getrandom(&point, sizeof(point), 0) < 0)
		point = 0x9e3779b97f4a7c15;
	for (size_t i = 0; i < size; i += sizeof(uint32_t)) {
		size_t rest = size - i;
		uint32_t word = 0;
		unsigned __int128 sum;

		memcpy(&word, key + i,
		       rest < sizeof(word) ? rest : sizeof(word));
		sum = (unsigned __int128)hash * (point & prime) + word;
		hash = (uint64_t)(sum & prime) + (uint64_t)(sum >> 61);
	}
	return hash;
}

static struct hash_entry **slot_of(const struct hash_map *map, uint64_t hash)
{
	return &map->slots[hash & (map->slot_count - 1)];
}

static bool has_key(const struct hash_entry *entry, const void *key,
		    size_t key_size)
{
	return entry->key_size == key_size &&
	       memcmp(entry->key, key, key_size) == 0;
}

void *hash_map_find(struct hash_map *map, const void *key, size_t key_size)
{
	struct hash_entry *entry = map->found;
	uint64_t hash;

	if (!map->slots)
		return NULL;
	/* A program often opens several files, one after another. */
	if (entry && has_key(entry, key, key_size))
		return entry->value;
	hash = hash_of(key, key_size);
	entry = *slot_of(map, hash);
	while (entry && (entry->hash != hash || !has_key(entry, key, key_size)))
		entry = entry->next;
	if (!entry)
		return NULL;
	map->found = entry;
	return entry->value;
}

/* Twice as many slots, if there is memory; else lists become longer. */
static void grow(struct hash_map *map)
{
	size_t count = map->slots ? 2 * map->slot_count : FIRST_SLOTS;
	struct hash_entry **slots = calloc(count, sizeof(struct hash_entry *));

	if (!slots)
		return;
	free(map->slots);
	map->slots = slots;
	map->slot_count = count;
	for (struct hash_entry *one = map->newest; one; one = one->older) {
		one->next = *slot_of(map, one->hash);
		*slot_of(map, one->hash) = one;
	}
}

void *hash_map_add(struct hash_map *map, const void *key, size_t key_size,
		   size_t value_size)
{
	size_t size = sizeof(struct hash_entry) + value_size + key_size;
	struct hash_entry *entry;

	if (map->room && map->bytes + size > map->room)
		return NULL;
	if (map->count >= map->slot_count)
		grow(map);
	entry = calloc(1, size);
	if (!map->slots || !entry) {
		free(entry);
		return NULL;
	}
	entry->hash = hash_of(key, key_size);
	entry->key = (unsigned char *)entry->value + value_size;
	entry->key_size = key_size;
	memcpy(entry->key, key, key_size);
	entry->next = *slot_of(map, entry->hash);
	*slot_of(map, entry->hash) = entry;
	entry->older = map->newest;
	map->newest = entry;
	map->count++;
	map->bytes += size;
	return entry->value;
}

void hash_map_clear(struct hash_map *map, void (*forget)(void *value))
{
	while (map->newest) {
		struct hash_entry *entry = map->newest;

		map->newest = entry->older;
		if (forget)
			forget(entry->value);
		free(entry);
	}
	free(map->slots);
	*map = (struct hash_map){0};
}
