// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* tdestroy */
#include "event/counts.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* What malloc(3) and tsearch(3) add to an entry, in bytes, about. */
#define ENTRY_OVERHEAD 64

static int compare(const void *a, const void *b)
{
	const struct tally_entry *one = a;
	const struct tally_entry *other = b;

	if (one->number != other->number)
		return one->number < other->number ? -1 : 1;
	if (one->size != other->size)
		return one->size < other->size ? -1 : 1;
	return memcmp(one->text, other->text, one->size);
}

static void clear_table(struct tally_table *table)
{
	tdestroy(table->tree, free);
	free(table->all);
	*table = (struct tally_table){0};
}

void tally_clear(struct tally *tally)
{
	clear_table(&tally->files);
	clear_table(&tally->processes);
	memset(tally->errors, 0, sizeof(tally->errors));
	memset(tally->times, 0, sizeof(tally->times));
	tally->unreadable = 0;
	tally->stopped_at = 0;
}

static bool make_room(struct tally_table *table)
{
	uint32_t capacity = table->capacity ? 2 * table->capacity : 1024;
	struct tally_entry **all;

	if (table->count < table->capacity)
		return true;
	all = realloc(table->all, capacity * sizeof(struct tally_entry *));
	if (!all)
		return false;
	table->all = all;
	table->capacity = capacity;
	return true;
}

/* Add a copy of `key`. NULL: the table is full, or there is no memory. */
static struct tally_entry *add(struct tally_table *table,
			       const struct tally_entry *key)
{
	size_t size = sizeof(*key) + key->size;
	struct tally_entry *entry;

	if (table->bytes + size > TALLY_BYTES_MAX || !make_room(table))
		return NULL;
	entry = malloc(size);
	if (!entry)
		return NULL;
	memcpy(entry, key, size);
	if (!tsearch(entry, &table->tree, compare)) {
		free(entry);
		return NULL;
	}
	table->all[table->count++] = entry;
	table->bytes += size + ENTRY_OVERHEAD;
	return entry;
}

static void count(struct tally_table *table, uint64_t number, struct text text,
		  int64_t ret)
{
	/* The key is large enough for the text of any record. */
	static union {
		struct tally_entry entry;
		unsigned char bytes[sizeof(struct tally_entry) + UINT16_MAX];
	} key;
	struct tally_entry **found;
	struct tally_entry *entry;

	key.entry = (struct tally_entry){.number = number};
	key.entry.size =
		(uint32_t)(text.size < UINT16_MAX ? text.size : UINT16_MAX);
	memcpy(key.entry.text, text.bytes, key.entry.size);
	found = tfind(&key.entry, &table->tree, compare);
	entry = found ? *found : add(table, &key.entry);
	if (!entry) {
		table->no_place++;
		return;
	}
	entry->opened++;
	entry->failed += ret < 0;
	entry->missing += ret == -ENOENT || ret == -ENOTDIR;
}

static void count_file(struct tally *tally, const struct layout *layout,
		       struct host_mounts *mounts, const struct record *record,
		       int64_t ret)
{
	static char room[FULL_PATH_ROOM];
	struct text path;
	enum path_state state = full_path(record, layout, mounts, room, &path);

	if (state == PATH_UNREADABLE)
		tally->unreadable++;
	else
		count(&tally->files, state != PATH_WHOLE, path, ret);
}

bool tally_record(struct tally *tally, const struct layout *layout,
		  struct host_mounts *mounts, const struct record *record)
{
	uint64_t ts = 0;
	uint64_t pid = 0;
	uint64_t latency = 0; /* unknown */
	int64_t ret = 0;

	record_unsigned(record, layout->ts, &ts);
	record_unsigned(record, layout->pid, &pid);
	record_unsigned(record, layout->latency, &latency);
	record_signed(record, layout->ret, &ret);
	if (tally->until && ts >= tally->until) {
		tally->stopped_at = ts;
		return false;
	}
	count_file(tally, layout, mounts, record, ret);
	count(&tally->processes, pid, record_text(record, layout->comm), ret);
	if (ret < 0)
		tally->errors[(uint64_t)-ret % TALLY_ERRNO_MAX]++;
	if (latency > 0)
		tally->times[63 - __builtin_clzll(latency)]++;
	return true;
}
