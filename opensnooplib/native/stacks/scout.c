// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/scout.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stacks/demangler.h"
#include "stacks/symbol_tables.h"

struct request {
	bool is_for_mappings; /* of file.pid; all else is for a function */
	bool recheck;
	uint64_t offset;
	struct mapped_file file;
};

/* From here on: in the child. */

static void answer_mappings(uint32_t pid)
{
	static char lines[HELPER_PACKET_MAX];
	char path[32];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	do {
		/* Whole lines: the kernel has no more than there is room for.
		 */
		size = read(fd, lines, sizeof(lines) - 1);
		size = size < 0 ? 0 : size;
		lines[size] = '\0';
		helper_reply(lines, (size_t)size + 1);
	} while (size > 0);
	if (fd >= 0)
		close(fd);
}

static void put_name(struct scout_function *found, const char *name)
{
	char *readable = demangle(name);

	if (readable)
		name = readable;
	memcpy(found->name, name, strnlen(name, sizeof(found->name) - 1));
	free(readable);
}

static void answer_function(const struct request *request)
{
	static struct symbol_tables tables;
	struct scout_function found = {0};
	const struct symbol_table *table;
	const struct elf_symbol *symbol = NULL;

	table = symbol_table_of(&tables, &request->file, request->recheck);
	if (table)
		found.changed = table->changed;
	if (table && table->symbols)
		symbol = elf_symbols_find(table->symbols, request->offset,
					  &found.into);
	if (symbol)
		put_name(&found, symbol->name);
	helper_reply(&found, sizeof(found));
}

static void serve(const void *bytes, size_t size)
{
	const struct request *request = bytes;

	(void)size; /* requests are trusted: they come from the trace */
	if (request->is_for_mappings)
		answer_mappings(request->file.pid);
	else
		answer_function(request);
}

/* From here on: in the trace. */

void scout_init(struct helper *scout, struct own_processes *own)
{
	helper_init(scout, serve, own);
}

bool scout_ask_function(struct helper *scout, const struct mapped_file *file,
			uint64_t offset, bool recheck)
{
	const struct request request = {
		.recheck = recheck,
		.offset = offset,
		.file = *file,
	};

	return helper_ask(scout, &request, sizeof(request));
}

bool scout_function(struct helper *scout, struct scout_function *found)
{
	ssize_t size = helper_answer(scout, found, sizeof(*found));

	found->name[sizeof(found->name) - 1] = '\0';
	return size == sizeof(*found);
}

bool scout_ask_mappings(struct helper *scout, uint32_t pid)
{
	const struct request request = {
		.is_for_mappings = true,
		.file.pid = pid,
	};

	return helper_ask(scout, &request, sizeof(request));
}

char *scout_mappings(struct helper *scout)
{
	static char lines[HELPER_PACKET_MAX];
	ssize_t size = helper_answer(scout, lines, sizeof(lines));

	if (size <= 0)
		return NULL;
	lines[size - 1] = '\0';
	return lines;
}
