// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strdup */
#include "stacks/mapped_module.h"

#include <stdlib.h>
#include <string.h>

/* Slots of the table, a power of two; three quarters of them may be used. */
#define MODULE_SLOTS 8192
#define MODULES_MAX  (MODULE_SLOTS / 4 * 3)

static struct module too_many = {.path = "too many files"};

static struct module *new_module(uint64_t device, uint64_t inode,
				 const char *path)
{
	struct module *module = calloc(1, sizeof(*module));
	char *copy = strdup(path);

	if (!module || !copy) {
		free(module);
		free(copy);
		return NULL;
	}
	module->device = device;
	module->inode = inode;
	module->path = copy;
	return module;
}

bool modules_are_full(const struct modules *modules)
{
	return modules->used >= MODULES_MAX;
}

struct module *module_of(struct modules *modules, uint64_t device,
			 uint64_t inode, const char *path)
{
	/* Fibonacci hashing: consecutive numbers go far apart. */
	uint64_t index = (inode ^ device << 32) * 0x9e3779b97f4a7c15 >> 51;
	struct module *module;

	if (!modules->slots)
		modules->slots = calloc(MODULE_SLOTS, sizeof(struct module *));
	if (!modules->slots)
		return &too_many;
	while ((module = modules->slots[index])) {
		if (module->inode == inode && module->device == device &&
		    strcmp(module->path, path) == 0)
			return module;
		index = (index + 1) % MODULE_SLOTS;
	}
	if (modules_are_full(modules))
		return &too_many;
	module = new_module(device, inode, path);
	if (!module)
		return &too_many;
	module->id = ++modules->last_id;
	modules->slots[index] = module;
	modules->used++;
	return module;
}

void modules_forget(struct modules *modules)
{
	for (unsigned int i = 0; modules->slots && i < MODULE_SLOTS; i++) {
		if (modules->slots[i])
			free((char *)modules->slots[i]->path);
		free(modules->slots[i]);
	}
	free(modules->slots);
	modules->slots = NULL;
	modules->used = 0;
}
