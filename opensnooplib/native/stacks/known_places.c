// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strdup */
#include "stacks/known_places.h"

#include <stdlib.h>
#include <string.h>

/* A hash table of sets; both are powers of two. */
#define SETS	   2048
#define SET_PLACES 8

/* Fibonacci hashing: numbers in a row go far apart. */
static size_t set_of(uint32_t module, uint64_t offset)
{
	return ((offset ^ (uint64_t)module << 40) * 0x9e3779b97f4a7c15 >> 53) *
	       SET_PLACES;
}

static struct place *find(const struct places *places, uint32_t module,
			  uint64_t offset)
{
	struct place *set = places->all + set_of(module, offset);

	for (unsigned int i = 0; i < SET_PLACES; i++)
		if (set[i].module == module && set[i].offset == offset)
			return &set[i];
	return NULL;
}

const struct place *places_find(const struct places *places,
				const struct module *module, uint64_t offset)
{
	struct place *place =
		places->all ? find(places, module->id, offset) : NULL;

	return place && place->changed == module->changed ? place : NULL;
}

/* That of the place, or an empty one, or another's. */
static struct place *slot_for(struct places *places, const struct place *place)
{
	struct place *set = places->all + set_of(place->module, place->offset);
	struct place *slot = find(places, place->module, place->offset);

	for (unsigned int i = 0; !slot && i < SET_PLACES; i++)
		if (!set[i].module)
			slot = &set[i];
	return slot ? slot : &set[places->turn++ % SET_PLACES];
}

const struct place *places_put(struct places *places, const struct place *place)
{
	char *name = place->name ? strdup(place->name) : NULL;
	struct place *slot;

	if (!places->all)
		places->all = calloc(SETS, SET_PLACES * sizeof(*places->all));
	if (!places->all || (place->name && !name)) {
		free(name);
		return NULL;
	}
	slot = slot_for(places, place);
	free(slot->name);
	*slot = *place;
	slot->name = name;
	return slot;
}

void places_forget(struct places *places)
{
	for (size_t i = 0; places->all && i < SETS * SET_PLACES; i++)
		free(places->all[i].name);
	free(places->all);
	*places = (struct places){0};
}
