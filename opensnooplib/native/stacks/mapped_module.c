// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/mapped_module.h"

#include <string.h>

struct module_key {
	uint64_t device;
	uint64_t inode;
	char path[4096]; /* what is longer can't be opened anyway */
};

struct module *module_of(struct modules *modules, uint64_t device,
			 uint64_t inode, const char *path)
{
	static struct module too_many = {.path = "too many files"};
	struct module_key key = {device, inode, ""};
	size_t path_size = strnlen(path, sizeof(key.path) - 1) + 1;
	/* The zeros at its end count too. */
	size_t key_size =
		offsetof(struct module_key, path) + (path_size + 7) / 8 * 8;
	struct module *module;

	memcpy(key.path, path, path_size - 1);
	module = hash_map_find(&modules->all, &key, key_size);
	if (module)
		return module;
	if (modules->all.count < MODULES_MAX)
		module = hash_map_add(&modules->all, &key, key_size,
				      sizeof(*module) + path_size);
	if (!module)
		return &too_many;
	module->id = ++modules->last_id;
	module->device = device;
	module->inode = inode;
	memcpy(module->path, key.path, path_size);
	return module;
}
