// SPDX-License-Identifier: Apache-2.0
#include "event/tally.h"

#include <errno.h>
#include <string.h>

void tally_clear(struct tally *tally, size_t room)
{
	hash_map_clear(&tally->files.entries, NULL);
	hash_map_clear(&tally->processes.entries, NULL);
	hash_map_clear(&tally->rows.entries, NULL);
	memset(tally, 0, sizeof(*tally));
	tally->files.entries.room = room;
	tally->processes.entries.room = room;
	tally->rows.entries.room = room;
}

/* Append the text, with a NUL. Returns the size of what is there then. */
static size_t put_text(unsigned char *out, size_t used, struct text text)
{
	size_t size = text.size < FULL_PATH_ROOM ? text.size : FULL_PATH_ROOM;

	memcpy(out + used, text.bytes, size);
	out[used + size] = '\0';
	return used + size + 1;
}

/* How many opens there are of the entry now; 0: there is no place for it. */
static uint64_t count(struct tally_table *table, uint64_t number,
		      struct text first, struct text second, int64_t ret,
		      uint64_t latency)
{
	static unsigned char key[sizeof(number) + 2 * (FULL_PATH_ROOM + 1)];
	struct tally_entry *entry;
	size_t size = sizeof(number);

	memcpy(key, &number, sizeof(number));
	size = put_text(key, size, first);
	size = put_text(key, size, second);
	entry = hash_map_find(&table->entries, key, size);
	if (!entry)
		entry = hash_map_add(&table->entries, key, size,
				     sizeof(*entry));
	if (!entry) {
		table->no_place++;
		return 0;
	}
	entry->failed += ret < 0;
	entry->missing += ret == -ENOENT || ret == -ENOTDIR;
	if (latency > entry->slowest)
		entry->slowest = latency;
	return ++entry->opened;
}

bool tally_record(struct tally *tally, const struct layout *layout,
		  struct host_mounts *mounts, char *path_room,
		  const struct record *record, bool once)
{
	const struct text none = {.bytes = record->data};
	struct text comm = record_text(record, layout->comm);
	enum path_state state;
	struct text path;
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
	state = full_path(record, layout, mounts, path_room, &path);
	if (once) {
		if (ret >= 0 && ret != UNKNOWN_RESULT && ret != UNDER_WAY)
			ret = 0; /* any descriptor */
		return count(&tally->rows,
			     (uint64_t)ret << 1 | (state != PATH_WHOLE), comm,
			     path, ret, latency) <= 1;
	}
	if (state == PATH_UNREADABLE)
		tally->unreadable++;
	else if (layout->path.size > 0)
		count(&tally->files, state != PATH_WHOLE, path, none, ret,
		      latency);
	if (layout->pid.size > 0)
		count(&tally->processes, pid, comm, none, ret, latency);
	tally->opened++;
	tally->unsure += ret == UNKNOWN_RESULT;
	if (ret < 0)
		tally->errors[ret >= -LARGEST_ERRNO ? -ret : 0]++;
	if (latency > 0)
		tally->times[63 - __builtin_clzll(latency)]++;
	return true;
}
