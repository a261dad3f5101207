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

/* A path, and a command name with its NUL: that of --source may be long. */
#define COMM_MAX 256
#define TEXT_MAX (COMM_MAX + FULL_PATH_ROOM)

/* How many opens there are of the entry now; 0: there is no place for it. */
static uint64_t count(struct tally_table *table, uint64_t number,
		      struct text text, int64_t ret, uint64_t latency)
{
	static unsigned char key[sizeof(number) + TEXT_MAX];
	size_t size = text.size < TEXT_MAX ? text.size : TEXT_MAX;
	struct tally_entry *entry;

	memcpy(key, &number, sizeof(number));
	memcpy(key + sizeof(number), text.bytes, size);
	size += sizeof(number);
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

bool tally_first(struct tally *tally, const struct layout *layout,
		 struct host_mounts *mounts, char *path_room,
		 const struct record *record)
{
	static unsigned char both[TEXT_MAX];
	struct text comm = record_text(record, layout->comm);
	struct text path;
	bool is_whole = full_path(record, layout, mounts, path_room, &path) ==
			PATH_WHOLE;
	int64_t ret = 0;

	record_signed(record, layout->ret, &ret);
	if (ret >= 0 && ret != UNKNOWN_RESULT)
		ret = 0; /* any descriptor */
	if (comm.size >= COMM_MAX)
		comm.size = COMM_MAX - 1;
	memcpy(both, comm.bytes, comm.size);
	both[comm.size++] = '\0';
	memcpy(both + comm.size, path.bytes, path.size);
	comm = (struct text){both, comm.size + path.size};
	return count(&tally->rows, (uint64_t)ret << 1 | !is_whole, comm, ret,
		     0) <= 1;
}

bool tally_record(struct tally *tally, const struct layout *layout,
		  struct host_mounts *mounts, char *path_room,
		  const struct record *record)
{
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
	if (state == PATH_UNREADABLE)
		tally->unreadable++;
	else if (layout->path.size > 0)
		count(&tally->files, state != PATH_WHOLE, path, ret, latency);
	if (layout->pid.size > 0)
		count(&tally->processes, pid, comm, ret, latency);
	tally->opened++;
	tally->unsure += ret == UNKNOWN_RESULT;
	if (ret < 0)
		tally->errors[ret >= -LARGEST_ERRNO ? -ret : 0]++;
	if (latency > 0)
		tally->times[63 - __builtin_clzll(latency)]++;
	return true;
}
