// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/scout.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stacks/demangler.h"
#include "stacks/symbol_tables.h"

/* The most bytes that the kernel's buffer for lines of /proc/PID/maps has. */
#define MAPS_BUFFER_MAX 32768

enum question {
	FUNCTION,
	FIRST_MAPPINGS, /* of file.pid */
	NEXT_MAPPINGS,
};

struct request {
	enum question question;
	bool recheck;
	uint64_t offset;
	struct mapped_file file;
};

/* From here on: in the child. */

static void answer_mappings(const struct request *request)
{
	static struct scout_lines lines;
	static int fd = -1;
	char path[32];
	size_t used = 0;
	ssize_t size = 1;

	if (request->question == FIRST_MAPPINGS) {
		snprintf(path, sizeof(path), "/proc/%u/maps",
			 request->file.pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	} else if (fd < 0) { /* another child had it open, and was killed */
		_exit(1);
	}
	/* Each read gets whole lines. */
	while (size > 0 && used + MAPS_BUFFER_MAX < sizeof(lines.text)) {
		size = read(fd, lines.text + used, MAPS_BUFFER_MAX);
		used += size > 0 ? (size_t)size : 0;
	}
	lines.are_last = size <= 0;
	if (lines.are_last) {
		close(fd);
		fd = -1;
	}
	lines.text[used++] = '\0';
	helper_reply(&lines, offsetof(struct scout_lines, text) + used);
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
	if (symbol_tables_are_full(&tables))
		helper_refuse_more();
	helper_reply(&found, sizeof(found));
}

static void serve(const void *bytes, size_t size)
{
	const struct request *request = bytes;

	(void)size; /* requests are trusted: they come from the trace */
	if (request->question == FUNCTION)
		answer_function(request);
	else
		answer_mappings(request);
}

/* From here on: in the trace. */

void scout_init(struct helper *scout, struct own_processes *own)
{
	helper_init(scout, serve, own);
}

ssize_t scout_function(struct helper *scout, const struct mapped_file *file,
		       uint64_t offset, bool recheck,
		       struct scout_function *found)
{
	const struct request request = {
		.recheck = recheck,
		.offset = offset,
		.file = *file,
	};
	ssize_t size = helper_ask(scout, &request, sizeof(request), found,
				  sizeof(*found));

	found->name[sizeof(found->name) - 1] = '\0';
	return size == 0 || size == sizeof(*found) ? size : -1;
}

struct scout_lines *scout_mappings(struct helper *scout, uint32_t pid,
				   bool first)
{
	static struct scout_lines lines;
	const struct request request = {
		.question = first ? FIRST_MAPPINGS : NEXT_MAPPINGS,
		.file.pid = pid,
	};
	ssize_t size = helper_ask(scout, &request, sizeof(request), &lines,
				  sizeof(lines));

	if (size <= 0)
		return NULL;
	((char *)&lines)[size - 1] = '\0';
	return &lines;
}
