// SPDX-License-Identifier: Apache-2.0
#include "base/hash_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_SLOTS 256

#define ROTATE(word, bits) ((word) << (bits) | (word) >> (64 - (bits)))

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTATE(v[1], 13) ^ v[0];
	v[0] = ROTATE(v[0], 32);
	v[2] += v[3];
	v[3] = ROTATE(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTATE(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTATE(v[1], 17) ^ v[2];
	v[2] = ROTATE(v[2], 32);
}

static inline void sip_take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/* SipHash-1-3, of https://github.com/veorq/SipHash */
static uint64_t hash_of(const unsigned char *key, size_t size)
{
	static uint64_t secret[2];
	uint64_t word = 0;

	/* Without random bytes it is 0: the map works, but can be slowed. */
	if (!secret[0] && getrandom(secret, sizeof(secret), 0) < 0)
		secret[0] = 0;

	uint64_t v[4] = {
		secret[0] ^ 0x736f6d6570736575,
		secret[1] ^ 0x646f72616e646f6d,
		secret[0] ^ 0x6c7967656e657261,
		secret[1] ^ 0x7465646279746573,
	};
	const unsigned char *rest = key + size / sizeof(word) * sizeof(word);

	for (; key < rest; key += sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		sip_take(v, word);
	}
	word = 0;
	memcpy(&word, rest, size % sizeof(word));
	sip_take(v, word | (uint64_t)size << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
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
