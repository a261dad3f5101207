// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strdup */
#include "stacks/function_cache.h"

#include <stdlib.h>
#include <string.h>

/* The cache is a hash table of sets; both numbers are powers of two. */
#define CACHE_SETS  2048
#define SET_ENTRIES 8

/* The index of the set's first entry. */
static size_t set_index(uint32_t module, uint64_t offset)
{
	uint64_t key = offset ^ (uint64_t)module << 40;

	/* Fibonacci hashing: consecutive numbers go far apart. */
	return (key * 0x9e3779b97f4a7c15 >> 53) * SET_ENTRIES;
}

static struct cached_function *find(const struct function_cache *cache,
				    uint32_t module, uint64_t offset)
{
	struct cached_function *set = cache->all + set_index(module, offset);

	for (unsigned int i = 0; i < SET_ENTRIES; i++)
		if (set[i].module == module && set[i].offset == offset)
			return &set[i];
	return NULL;
}

const struct cached_function *
function_cache_find(const struct function_cache *cache,
		    const struct module *module, uint64_t offset)
{
	struct cached_function *found =
		cache->all ? find(cache, module->id, offset) : NULL;

	return found && found->changed == module->changed ? found : NULL;
}

/* The function's own entry, or an empty one, or one that is replaced. */
static struct cached_function *entry_for(struct function_cache *cache,
					 const struct cached_function *function)
{
	struct cached_function *set =
		cache->all + set_index(function->module, function->offset);
	struct cached_function *entry =
		find(cache, function->module, function->offset);

	for (unsigned int i = 0; !entry && i < SET_ENTRIES; i++)
		if (!set[i].module)
			entry = &set[i];
	return entry ? entry : &set[cache->turn++ % SET_ENTRIES];
}

const struct cached_function *
function_cache_put(struct function_cache *cache,
		   const struct cached_function *function)
{
	char *name = function->name ? strdup(function->name) : NULL;
	struct cached_function *entry;

	if (!cache->all)
		cache->all =
			calloc(CACHE_SETS, SET_ENTRIES * sizeof(*cache->all));
	if (!cache->all || (function->name && !name)) {
		free(name);
		return NULL;
	}
	entry = entry_for(cache, function);
	free(entry->name);
	*entry = *function;
	entry->name = name;
	return entry;
}

void function_cache_clear(struct function_cache *cache)
{
	for (size_t i = 0; cache->all && i < CACHE_SETS * SET_ENTRIES; i++)
		free(cache->all[i].name);
	free(cache->all);
	*cache = (struct function_cache){0};
}
