// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/put_string.h"

/* How many functions are kept: when there are more, all are forgotten. */
#define FUNCTIONS_MAX 16384

/* Where a function is looked for. A file that changes has other ones. */
struct function_key {
	uint64_t module; /* its id */
	int64_t changed; /* the file's modification time, in ns */
	uint64_t offset; /* in the file */
};

struct function {
	uint64_t into; /* bytes from the function's start to the offset */
	char name[];   /* "": no function is known there */
};

static char *put_hex(char *out, uint64_t value)
{
	return put_number(put_string(out, "0x"), value, 16, 1);
}

/* At most CALLER_NAME_BOUND characters; "..." stands for what is cut. */
static char *put_name(char *out, const char *name)
{
	const size_t most = CALLER_NAME_BOUND - 4;
	size_t size = strnlen(name, most + 1);

	if (size > most)
		size = most;
	out = put_bytes(out, name, size);
	return name[size] == '\0' ? out : put_string(out, "...");
}

static void keep_function(struct hash_map *functions,
			  const struct function_key *key,
			  const struct scout_function *found)
{
	size_t name_size = strlen(found->name) + 1;
	struct function *function;

	if (functions->count >= FUNCTIONS_MAX)
		hash_map_clear(functions, NULL);
	function = hash_map_add(functions, key, sizeof(*key),
				sizeof(*function) + name_size);
	if (!function)
		return;
	function->into = found->into;
	memcpy(function->name, found->name, name_size);
}

static void take_function(void *context, const struct mapped_file *file,
			  uint64_t offset, bool recheck,
			  const struct scout_function *found)
{
	struct callers *callers = context;
	struct mappings *mappings = &callers->mappings;
	struct module *module = module_of(&mappings->modules, file->device,
					  file->inode, file->path);
	struct function_key key = {module->id, 0, offset};
	struct mapping *mapping;

	if (module->id != file->module) /* forgotten meanwhile */
		return;
	module->failures += !found;
	if (!found)
		return;
	mapping = mappings_now(mappings, file->pid, file->start);
	if (recheck && mapping && mapping->module == module)
		mapping->is_checked = true;
	module->changed = key.changed = found->changed;
	if (!hash_map_find(&callers->functions, &key, sizeof(key)))
		keep_function(&callers->functions, &key, found);
}

static void take_mappings(void *context, uint32_t pid,
			  struct scout_lines *lines)
{
	struct callers *callers = context;

	mappings_take_lines(&callers->mappings, pid, lines);
}

int callers_open(struct callers **callers, const struct ring *rings,
		 unsigned int ring_count, struct helpers *helpers)
{
	struct scout *scout;
	int error;

	*callers = calloc(1, sizeof(**callers));
	if (!*callers)
		return -ENOMEM;
	scout = &(*callers)->scout;
	*scout = (struct scout){
		.take_function = take_function,
		.take_mappings = take_mappings,
		.context = *callers,
	};
	scout_init(scout, helpers);
	error = mappings_open(&(*callers)->mappings, rings, ring_count, scout);
	if (error) {
		free(*callers);
		*callers = NULL;
	}
	return error;
}

void callers_close(struct callers *callers)
{
	if (!callers)
		return;
	helper_free(&callers->scout.helper);
	mappings_close(&callers->mappings);
	hash_map_clear(&callers->functions, NULL);
	free(callers);
}

static void ask_scout(struct callers *callers, uint32_t pid,
		      const struct mapping *mapping, uint64_t offset)
{
	const struct module *module = mapping->module;
	struct mapped_file file = {
		.module = module->id,
		.pid = pid,
		.start = mapping->start,
		.end = mapping->end,
		.device = module->device,
		.inode = module->inode,
	};

	strncpy(file.path, module->path, sizeof(file.path) - 1);
	scout_function(&callers->scout, &file, offset, !mapping->is_checked);
}

static const struct function *known_function(struct callers *callers,
					     const struct mapping *mapping,
					     uint64_t offset)
{
	const struct module *module = mapping->module;
	struct function_key key = {module->id, module->changed, offset};

	if (!mapping->is_checked)
		return NULL;
	return hash_map_find(&callers->functions, &key, sizeof(key));
}

/* The function at this offset of the module; NULL if it is unknown. */
static const struct function *function_at(struct callers *callers, uint32_t pid,
					  const struct mapping *mapping,
					  uint64_t offset)
{
	const struct module *module = mapping->module;
	const struct function *known = known_function(callers, mapping, offset);

	if (known || module->inode == 0 ||
	    module->failures >= MODULE_FAILURES_MAX ||
	    !helper_is_ready(&callers->scout.helper))
		return known;
	ask_scout(callers, pid, mapping, offset);
	return known_function(callers, mapping, offset);
}

/* "open64+0x72 (/usr/lib/libc.so.6)" */
static char *put_mapped(struct callers *callers, char *out, uint32_t pid,
			struct mapping *mapping, uint64_t address, bool returns)
{
	const struct module *module = mapping->module;
	uint64_t offset = address - mapping->start + mapping->offset;
	const struct function *function =
		function_at(callers, pid, mapping, offset - returns);
	bool is_known = function && function->name[0];

	if (is_known) {
		out = put_name(out, function->name);
		*out++ = '+';
		out = put_hex(out, function->into + returns);
	} else {
		out = put_hex(out, address);
	}
	*out++ = ' ';
	*out++ = '(';
	out = put_name(out, module->path);
	if (!is_known && module->inode != 0) {
		*out++ = '+';
		out = put_hex(out, offset);
	}
	*out++ = ')';
	return out;
}

struct text caller_text(struct callers *callers, uint32_t pid, uint64_t ts,
			uint64_t address, bool returns)
{
	struct mapping *mapping;
	enum mapped found;
	char *out = callers->text;

	found = mappings_find(&callers->mappings, pid, ts, address - returns,
			      &mapping);
	if (found == MAPPED) {
		out = put_mapped(callers, out, pid, mapping, address, returns);
	} else {
		out = put_hex(out, address);
		out = put_string(out, found == NOTHING_MAPPED
					      ? " (no code there)"
					      : " (mappings unknown)");
	}
	return (struct text){
		.bytes = (const unsigned char *)callers->text,
		.size = (size_t)(out - callers->text),
	};
}
