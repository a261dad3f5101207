// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

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
	places_forget(&callers->places);
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
	*out++ = '0';
	*out++ = 'x';
	return put_number(out, value, 16, 1);
}

/* "..." where it doesn't fit. */
static char *put_name(char *out, const char *name)
{
	const size_t most = CALLER_NAME_BOUND - 4;
	size_t size = strnlen(name, most + 1);

	if (size > most)
		size = most;
	memcpy(out, name, size);
	out += size;
	if (name[size] == '\0')
		return out;
	memcpy(out, "...", 3);
	return out + 3;
}

/* Demangled once, and kept. */
static const struct place *keep_place(struct callers *callers,
				      struct place place, char *name)
{
	char readable[CALLER_NAME_BOUND];

	place.name = *name ? name : NULL;
	place.is_final = true;
	switch (demangle(&callers->demangler, name, readable,
			 sizeof(readable))) {
	case DEMANGLED:
		place.name = readable;
		break;
	case NOT_DEMANGLED_NOW:
		place.is_final = false;
		break;
	case NOT_DEMANGLED:
		break;
	}
	return places_put(&callers->places, &place);
}

/* NULL where it can't be told which function is there. */
static const struct place *ask_for_place(struct callers *callers, uint32_t pid,
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
	const struct place *known;
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
	known = places_find(&callers->places, module, offset);
	if (known && known->is_final)
		return known;
	return keep_place(callers,
			  (struct place){
				  .module = module->id,
				  .changed = found.changed,
				  .offset = offset,
				  .into = found.into,
			  },
			  found.name);
}

static const struct place *place_of(struct callers *callers, uint32_t pid,
				    struct mapping *mapping, uint64_t offset)
{
	const struct place *known;

	if (mapping->module->inode == 0)
		return NULL;
	known = places_find(&callers->places, mapping->module, offset);
	if (known && known->is_final && mapping->is_checked)
		return known;
	return ask_for_place(callers, pid, mapping, offset);
}

static char *put_place(struct callers *callers, char *out, uint32_t pid,
		       struct mapping *mapping, uint64_t address, bool returns)
{
	const struct module *module = mapping->module;
	uint64_t offset = address - mapping->start + mapping->offset;
	const struct place *place =
		place_of(callers, pid, mapping, offset - returns);
	bool is_known = place && place->name;

	if (is_known) {
		out = put_name(out, place->name);
		*out++ = '+';
		out = put_hex(out, place->into + returns);
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

static char *put_nowhere(char *out, uint64_t address, const char *why)
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
		out = put_place(callers, out, pid, mapping, address, returns);
		break;
	case NOTHING_MAPPED:
		out = put_nowhere(out, address, "(no code there)");
		break;
	case MAPPINGS_UNKNOWN:
		out = put_nowhere(out, address, "(mappings unknown)");
		break;
	}
	return (struct text){
		.bytes = (const unsigned char *)callers->text,
		.size = (size_t)(out - callers->text),
	};
}
