// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* getline */
#include "stacks/scout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks/symbol_tables.h"

/* How many lines of one /proc/PID/maps are read. */
#define MAPS_LINES_MAX (1 << 17)

struct request {
	bool is_for_mappings; /* of file.pid; all below is for a function */
	bool recheck;
	uint64_t offset;
	struct mapped_file file;
	char path[]; /* the file's, NUL-terminated */
};

/* From here on: in the child. */

/* Append a line to `text`; if it is too long for an answer, send `text` first.
 */
static size_t put_line(char *text, size_t used, const char *line, size_t size)
{
	if (used + size + 1 > HELPER_PACKET_MAX) {
		text[used] = '\0';
		helper_reply(text, used + 1);
		used = 0;
	}
	memcpy(text + used, line, size);
	return used + size;
}

/* Is the line, "55d0c0de1000-55d0c0de2000 r-xp ...", executable? */
static bool is_code(const char *line)
{
	const char *rights = strchr(line, ' ');

	return rights && strnlen(rights, 4) == 4 && rights[3] == 'x';
}

static void answer_mappings(uint32_t pid)
{
	static char text[HELPER_PACKET_MAX];
	char path[32];
	char *line = NULL;
	size_t room = 0;
	size_t used = 0;
	ssize_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	file = fopen(path, "re");
	for (unsigned int lines = 0; file && lines < MAPS_LINES_MAX; lines++) {
		size = getline(&line, &room, file);
		if (size <= 0)
			break;
		if (is_code(line) && size < HELPER_PACKET_MAX)
			used = put_line(text, used, line, (size_t)size);
	}
	free(line);
	if (file)
		fclose(file);
	text[used] = '\0';
	helper_reply(text, used + 1);
	if (used > 0)
		helper_reply("", 1);
}

static void answer_function(const struct request *request)
{
	static struct symbol_tables tables;
	struct mapped_file file = request->file;
	struct scout_function found = {0};
	const struct symbol_table *table;
	const struct elf_symbol *symbol = NULL;

	file.path = request->path;
	table = symbol_table_of(&tables, &file, request->recheck);
	if (table && table->symbols)
		symbol = elf_symbols_find(table->symbols, request->offset,
					  &found.into);
	if (table)
		found.changed = table->changed;
	if (symbol)
		memcpy(found.name, symbol->name,
		       strnlen(symbol->name, sizeof(found.name) - 1));
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

void scout_init(struct scout *scout, struct own_processes *own)
{
	helper_init(&scout->helper, serve, own);
}

static bool ask(struct scout *scout, const struct request *request,
		const char *path)
{
	size_t size = strlen(path) + 1;

	if (size > sizeof(scout->packet) - sizeof(*request))
		return false;
	memcpy(scout->packet, request, sizeof(*request));
	memcpy(scout->packet + sizeof(*request), path, size);
	return helper_ask(&scout->helper, scout->packet,
			  sizeof(*request) + size);
}

enum scouted scout_function(struct scout *scout, const struct mapped_file *file,
			    uint64_t offset, bool recheck,
			    struct scout_function *found)
{
	const struct request request = {
		.recheck = recheck,
		.offset = offset,
		.file = *file,
	};

	if (!ask(scout, &request, file->path))
		return NOT_SCOUTED_NOW;
	if (helper_answer(&scout->helper, found, sizeof(*found)) !=
	    sizeof(*found))
		return NOT_SCOUTED;
	found->name[sizeof(found->name) - 1] = '\0';
	return SCOUTED;
}

bool scout_ask_mappings(struct scout *scout, uint32_t pid)
{
	const struct request request = {
		.is_for_mappings = true,
		.file.pid = pid,
	};

	return ask(scout, &request, "");
}

char *scout_mappings(struct scout *scout)
{
	ssize_t size = helper_answer(&scout->helper, scout->packet,
				     sizeof(scout->packet));

	if (size <= 0)
		return NULL;
	scout->packet[size - 1] = '\0';
	return scout->packet;
}
