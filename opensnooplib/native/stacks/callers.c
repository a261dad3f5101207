// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/put_string.h"

struct callers *callers_open(const int *cpus, unsigned int cpu_count,
			     struct own_processes *own, int *error)
{
	struct callers *callers = calloc(1, sizeof(*callers));

	*error = callers ? mappings_open(&callers->mappings, cpus, cpu_count,
					 own)
			 : -ENOMEM;
	if (*error) {
		free(callers);
		return NULL;
	}
	demangler_init(&callers->demangler);
	return callers;
}

void callers_close(struct callers *callers)
{
	if (!callers)
		return;
	mappings_close(&callers->mappings);
	function_cache_clear(&callers->functions);
	helper_free(&callers->demangler);
	free(callers);
}

void callers_hurry(struct callers *callers)
{
	helper_hurry(&callers->mappings.scout.helper);
	helper_hurry(&callers->demangler);
}

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

/* Put the function into the cache, its name demangled. */
static const struct cached_function *
cache_function(struct callers *callers, struct cached_function function,
	       char *name)
{
	char readable[CALLER_NAME_BOUND];

	function.name = *name ? name : NULL;
	function.is_final = true;
	switch (demangle(&callers->demangler, name, readable,
			 sizeof(readable))) {
	case DEMANGLED:
		function.name = readable;
		break;
	case NOT_DEMANGLED_NOW:
		function.is_final = false;
		break;
	case NOT_DEMANGLED:
		break;
	}
	return function_cache_put(&callers->functions, &function);
}

/* Ask the scout; NULL: the function is unknown. */
static const struct cached_function *ask_for_function(struct callers *callers,
						      uint32_t pid,
						      struct mapping *mapping,
						      uint64_t offset)
{
	struct module *module = mapping->module;
	const struct mapped_file file = {
		.pid = pid,
		.start = mapping->start,
		.end = mapping->end,
		.device = module->device,
		.inode = module->inode,
		.path = module->path,
	};
	const struct cached_function *known;
	struct scout_function found;

	if (module->failures >= MODULE_FAILURES_MAX)
		return NULL;
	switch (scout_function(&callers->mappings.scout, &file, offset,
			       !mapping->is_checked, &found)) {
	case SCOUTED:
		break;
	case NOT_SCOUTED:
		module->failures++;
		return NULL;
	case NOT_SCOUTED_NOW:
		return NULL;
	}
	mapping->is_checked = true;
	module->changed = found.changed;
	known = function_cache_find(&callers->functions, module, offset);
	if (known && known->is_final)
		return known;
	return cache_function(callers,
			      (struct cached_function){
				      .module = module->id,
				      .changed = found.changed,
				      .offset = offset,
				      .into = found.into,
			      },
			      found.name);
}

static const struct cached_function *function_at(struct callers *callers,
						 uint32_t pid,
						 struct mapping *mapping,
						 uint64_t offset)
{
	const struct cached_function *known;

	if (mapping->module->inode == 0)
		return NULL;
	known = function_cache_find(&callers->functions, mapping->module,
				    offset);
	if (known && known->is_final && mapping->is_checked)
		return known;
	return ask_for_function(callers, pid, mapping, offset);
}

/* "open64+0x72 (/usr/lib/libc.so.6)" */
static char *put_mapped(struct callers *callers, char *out, uint32_t pid,
			struct mapping *mapping, uint64_t address, bool returns)
{
	const struct module *module = mapping->module;
	uint64_t offset = address - mapping->start + mapping->offset;
	const struct cached_function *function =
		function_at(callers, pid, mapping, offset - returns);
	bool is_known = function && function->name;

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

/* "0x7f0000000000 (no code there)" */
static char *put_unmapped(char *out, uint64_t address, const char *why)
{
	out = put_hex(out, address);
	*out++ = ' ';
	return put_name(out, why);
}

bool caller_has_code(struct callers *callers, uint32_t pid, uint64_t ts,
		     uint64_t address)
{
	struct mapping *mapping;

	return mappings_find(&callers->mappings, pid, ts, address - 1,
			     &mapping) == MAPPED;
}

struct text caller_text(struct callers *callers, uint32_t pid, uint64_t ts,
			uint64_t address, bool returns)
{
	struct mapping *mapping;
	char *out = callers->text;

	switch (mappings_find(&callers->mappings, pid, ts, address - returns,
			      &mapping)) {
	case MAPPED:
		out = put_mapped(callers, out, pid, mapping, address, returns);
		break;
	case NOTHING_MAPPED:
		out = put_unmapped(out, address, "(no code there)");
		break;
	case MAPPINGS_UNKNOWN:
		out = put_unmapped(out, address, "(mappings unknown)");
		break;
	}
	return (struct text){
		.bytes = (const unsigned char *)callers->text,
		.size = (size_t)(out - callers->text),
	};
}
