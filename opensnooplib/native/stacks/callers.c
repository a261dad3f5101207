// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "stacks/callers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/put_string.h"

/* How many functions are kept: when there are more, all are forgotten. */
#define FUNCTIONS_MAX 16384

/* Where a function is looked for. A file that changes has other ones. */
struct function_key {
	uint64_t module; /* its id */
	int64_t changed; /* the file's modification time, in ns */
	uint64_t offset; /* in the file */
	uint64_t returns;
};

static char *put_hex(char *out, uint64_t value)
{
	return put_number(put_string(out, "0x"), value, 16, 1);
}

/* At most CALLER_PATH_BOUND characters; "..." stands for what is cut. */
static char *put_name(char *out, const char *name)
{
	const size_t most = CALLER_PATH_BOUND - 4;
	size_t size = strnlen(name, most + 1);

	if (size > most)
		size = most;
	out = put_bytes(out, name, size);
	return name[size] == '\0' ? out : put_string(out, "...");
}

static struct function_key key_of(const struct module *module, uint64_t offset,
				  bool returns)
{
	return (struct function_key){module->id, module->changed, offset,
				     returns};
}

static void keep_function(struct hash_map *functions,
			  const struct function_key *key, const char *text)
{
	size_t size = strlen(text) + 1;
	char *kept;

	if (functions->count >= FUNCTIONS_MAX)
		hash_map_clear(functions, NULL);
	kept = hash_map_add(functions, key, sizeof(*key), size);
	if (kept)
		memcpy(kept, text, size);
}

/* NULL: the scout has failed. */
static void take_function(struct callers *callers,
			  const struct scout_request *request,
			  const struct scout_function *found)
{
	const struct mapped_file *file = &request->file;
	struct mappings *mappings = &callers->mappings;
	struct module *module = module_of(&mappings->modules, file->device,
					  file->inode, file->path);
	struct function_key key;
	struct mapping *mapping;

	if (module->id != file->module) /* forgotten meanwhile */
		return;
	module->failures += !found;
	if (!found)
		return;
	mapping = mappings_now(mappings, file->pid, file->start);
	if (mapping && mapping->module == module)
		mapping->is_checked = true;
	module->changed = found->changed;
	key = key_of(module, request->offset, request->returns);
	if (!hash_map_find(&callers->functions, &key, sizeof(key)))
		keep_function(&callers->functions, &key, found->text);
}

static void take(void *context, const void *request, void *answer, size_t size)
{
	const struct scout_request *asked = request;
	struct callers *callers = context;
	char *text = answer;

	text[size > 0 ? size - 1 : 0] = '\0';
	if (asked->question == SCOUT_MAPPINGS)
		mappings_take_lines(&callers->mappings, asked->file.pid, text);
	else
		take_function(callers, asked,
			      size == sizeof(struct scout_function) ? answer
								    : NULL);
}

int callers_open(struct callers **callers, const struct ring *rings,
		 unsigned int ring_count, struct helpers *helpers)
{
	int error;

	*callers = calloc(1, sizeof(**callers));
	if (!*callers)
		return -ENOMEM;
	(*callers)->scout = (struct helper){
		.kind = HELPER_SCOUT,
		.take = take,
		.context = *callers,
		.all = helpers,
	};
	error = mappings_open(&(*callers)->mappings, rings, ring_count,
			      &(*callers)->scout);
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
	helper_free(&callers->scout);
	mappings_close(&callers->mappings);
	hash_map_clear(&callers->functions, NULL);
	free(callers);
}

static void ask_scout(struct callers *callers, uint32_t pid,
		      const struct mapping *mapping, uint64_t offset,
		      bool returns)
{
	const struct module *module = mapping->module;
	struct scout_request request = {
		.question = SCOUT_FUNCTION,
		.returns = returns,
		.with_line = module->failures == 0,
		.offset = offset,
		.file =
			{
				.module = module->id,
				.pid = pid,
				.start = mapping->start,
				.end = mapping->end,
				.device = module->device,
				.inode = module->inode,
			},
	};

	strncpy(request.file.path, module->path, sizeof(request.file.path) - 1);
	helper_ask(&callers->scout, &request, sizeof(request));
}

static const char *known_function(struct callers *callers,
				  const struct mapping *mapping,
				  uint64_t offset, bool returns)
{
	struct function_key key = key_of(mapping->module, offset, returns);

	if (!mapping->is_checked)
		return NULL;
	return hash_map_find(&callers->functions, &key, sizeof(key));
}

/* "main+0x12": the function at this offset of the module; NULL: not known. */
static const char *function_at(struct callers *callers, uint32_t pid,
			       const struct mapping *mapping, uint64_t offset,
			       bool returns)
{
	const struct module *module = mapping->module;
	const char *known = known_function(callers, mapping, offset, returns);

	if (known || module->inode == 0 ||
	    module->failures >= MODULE_FAILURES_MAX ||
	    !helper_is_ready(&callers->scout))
		return known;
	ask_scout(callers, pid, mapping, offset, returns);
	return known_function(callers, mapping, offset, returns);
}

/* "open64+0x72 (/usr/lib/libc.so.6)" */
static char *put_mapped(struct callers *callers, char *out, uint32_t pid,
			struct mapping *mapping, uint64_t address, bool returns)
{
	const struct module *module = mapping->module;
	uint64_t offset = address - mapping->start + mapping->offset;
	const char *function =
		function_at(callers, pid, mapping, offset, returns);
	bool is_known = function && *function;

	out = is_known ? put_string(out, function) : put_hex(out, address);
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

enum mapped caller_text(struct callers *callers, uint32_t pid, uint64_t ts,
			uint64_t address, bool returns, struct text *text)
{
	struct mapping *mapping;
	enum mapped found = mappings_find(&callers->mappings, pid, ts,
					  address - returns, &mapping);
	char *out = callers->text;

	if (found == MAPPED) {
		out = put_mapped(callers, out, pid, mapping, address, returns);
	} else {
		out = put_hex(out, address);
		out = put_string(out, found == NOTHING_MAPPED
					      ? " (no code there)"
					      : " (mappings unknown)");
	}
	*text = (struct text){
		.bytes = (const unsigned char *)callers->text,
		.size = (size_t)(out - callers->text),
	};
	return found;
}
