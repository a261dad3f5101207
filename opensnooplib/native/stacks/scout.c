// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen, strsep */
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
	MAPPINGS, /* of file.pid */
};

struct request {
	enum question question;
	bool recheck;
	uint64_t offset;
	struct mapped_file file;
};

/* From here on: in the child. */

/* Is the line, "55d0c0de1000-55d0c0de2000 r-xp ...", executable? */
static bool is_code(const char *line)
{
	const char *rights = strchr(line, ' ');

	return rights && strnlen(rights, 4) == 4 && rights[3] == 'x';
}

static void answer_lines(struct scout_lines *lines, size_t size)
{
	lines->text[size] = '\0';
	helper_reply(lines, offsetof(struct scout_lines, text) + size + 1);
}

static void answer_mappings(const struct request *request)
{
	static char buffer[MAPS_BUFFER_MAX + 1];
	static struct scout_lines lines;
	unsigned int count = 0;
	size_t used = 0;
	char path[32];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/maps", request->file.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	lines.are_last = false;
	/* Each read gets whole lines. */
	while (count <= SCOUT_MAPPINGS_MAX &&
	       (size = read(fd, buffer, MAPS_BUFFER_MAX)) > 0) {
		char *text = buffer;
		char *line;

		if (used + MAPS_BUFFER_MAX >= sizeof(lines.text)) {
			answer_lines(&lines, used);
			used = 0;
		}
		buffer[size] = '\0';
		while ((line = strsep(&text, "\n")) && *line)
			if (is_code(line)) {
				used += (size_t)sprintf(lines.text + used,
							"%s\n", line);
				count++;
			}
	}
	close(fd);
	lines.are_last = true;
	answer_lines(&lines, used);
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

static bool take_function(const struct scout *scout,
			  const struct request *asked,
			  struct scout_function *found, size_t size)
{
	if (size != sizeof(*found))
		found = NULL;
	else
		found->name[sizeof(found->name) - 1] = '\0';
	scout->take_function(scout->context, &asked->file, asked->offset,
			     asked->recheck, found);
	return true;
}

static bool take_mappings(const struct scout *scout,
			  const struct request *asked,
			  struct scout_lines *lines, size_t size)
{
	if (size <= offsetof(struct scout_lines, text))
		lines = NULL;
	else
		((char *)lines)[size - 1] = '\0';
	scout->take_mappings(scout->context, asked->file.pid, lines);
	return !lines || lines->are_last;
}

static bool take(void *context, const void *request, void *packet, size_t size)
{
	const struct request *asked = request;

	return asked->question == FUNCTION
		       ? take_function(context, asked, packet, size)
		       : take_mappings(context, asked, packet, size);
}

void scout_init(struct scout *scout, struct helpers *all)
{
	scout->helper = (struct helper){
		.serve = serve,
		.take = take,
		.context = scout,
		.all = all,
	};
}

bool scout_function(struct scout *scout, const struct mapped_file *file,
		    uint64_t offset, bool recheck)
{
	const struct request request = {
		.recheck = recheck,
		.offset = offset,
		.file = *file,
	};

	return helper_ask(&scout->helper, &request, sizeof(request));
}

bool scout_mappings(struct scout *scout, uint32_t pid)
{
	const struct request request = {
		.question = MAPPINGS,
		.file.pid = pid,
	};

	return helper_ask(&scout->helper, &request, sizeof(request));
}
