// SPDX-License-Identifier: Apache-2.0
#include "event/tally.h"

#include <errno.h>
#include <string.h>

void tally_clear(struct tally *tally, size_t room)
{
	hash_map_clear(&tally->files.entries, NULL);
	hash_map_clear(&tally->groups.entries, NULL);
	memset(tally, 0, sizeof(*tally));
	tally->files.entries.room = room;
	tally->groups.entries.room = room;
}

/* How many opens there are of the entry now; 0: there is no place for it. */
static uint64_t count(struct tally_table *table, struct text key, bool is_cut,
		      int64_t ret, uint64_t latency)
{
	struct tally_entry *entry =
		hash_map_find(&table->entries, key.bytes, key.size);

	if (!entry)
		entry = hash_map_add(&table->entries, key.bytes, key.size,
				     sizeof(*entry));
	if (!entry) {
		table->no_place++;
		return 0;
	}
	entry->cut |= is_cut;
	entry->failed += ret < 0;
	entry->missing += ret == -ENOENT || ret == -ENOTDIR;
	if (latency > entry->slowest)
		entry->slowest = latency;
	return ++entry->opened;
}

bool tally_first(struct tally *tally, struct text group)
{
	return count(&tally->groups, group, false, 0, 0) <= 1;
}

bool tally_record(struct tally *tally, const struct layout *layout,
		  struct host_mounts *mounts, char *path_room,
		  const struct record *record, struct text group)
{
	enum path_state state;
	struct text path;
	uint64_t ts = 0;
	uint64_t latency = 0; /* unknown */
	int64_t ret = 0;

	record_unsigned(record, layout->ts, &ts);
	record_unsigned(record, layout->latency, &latency);
	record_signed(record, layout->ret, &ret);
	if (tally->until && ts >= tally->until) {
		tally->stopped_at = ts;
		return false;
	}
	state = full_path(record, layout, mounts, path_room, &path);
	if (state == PATH_UNREADABLE)
		tally->unreadable++;
	else if (layout->path.size > 0)
		count(&tally->files, path, state != PATH_WHOLE, ret, latency);
	if (group.size > 0)
		count(&tally->groups, group, false, ret, latency);
	tally->opened++;
	tally->unsure += ret == UNKNOWN_RESULT;
	if (ret < 0)
		tally->errors[ret >= -LARGEST_ERRNO ? -ret : 0]++;
	if (latency > 0)
		tally->times[63 - __builtin_clzll(latency)]++;
	return true;
}
