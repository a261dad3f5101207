// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen, strdup */
#include "callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

struct callers *callers_open(const int *cpus, unsigned int cpu_count,
			     int *error)
{
	struct callers *callers = calloc(1, sizeof(*callers));

	*error = callers ? mappings_open(&callers->mappings, cpus, cpu_count)
			 : -ENOMEM;
	if (*error) {
		free(callers);
		return NULL;
	}
	return callers;
}

void callers_close(struct callers *callers)
{
	if (!callers)
		return;
	mappings_close(&callers->mappings);
	demangler_free(&callers->demangler);
	free(callers);
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

/* Demangled once, and kept with the module's symbols. */
static const char *readable_name(struct callers *callers, struct module *module,
				 struct elf_symbol *symbol)
{
	char readable[CALLER_NAME_BOUND];
	bool done;

	if (!symbol->readable) {
		done = demangle(&callers->demangler, symbol->name, readable,
				sizeof(readable));
		symbol->readable = strdup(done ? readable : "");
		module_grew(&callers->mappings.modules, module,
			    done ? strlen(readable) : 0);
	}
	return symbol->readable && *symbol->readable ? symbol->readable
						     : symbol->name;
}

static char *put_place(struct callers *callers, char *out,
		       const struct mapping *mapping, uint64_t address,
		       bool returns)
{
	struct module *module = mapping->module;
	uint64_t offset = address - mapping->start + mapping->offset;
	struct elf_symbol *symbol = NULL;
	uint64_t into;

	if (module->symbols)
		symbol = elf_symbols_find(module->symbols, offset - returns,
					  &into);
	if (symbol) {
		out = put_name(out, readable_name(callers, module, symbol));
		*out++ = '+';
		out = put_hex(out, into + returns);
	} else {
		out = put_hex(out, address);
	}
	*out++ = ' ';
	*out++ = '(';
	out = put_name(out, module->path);
	if (!symbol && module->inode != 0) {
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
	const struct mapping *mapping;

	return mappings_find(&callers->mappings, pid, ts, address - 1,
			     &mapping) == MAPPED;
}

struct text caller_text(struct callers *callers, uint32_t pid, uint64_t ts,
			uint64_t address, bool returns)
{
	const struct mapping *mapping;
	char *out = callers->text;

	switch (mappings_find(&callers->mappings, pid, ts, address - returns,
			      &mapping)) {
	case MAPPED:
		out = put_place(callers, out, mapping, address, returns);
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
