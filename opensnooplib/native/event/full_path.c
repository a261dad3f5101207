// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memrchr */
#include "event/full_path.h"

#include "base/put_string.h"

/* Bytes of all marks together. */
#define MARKS_BOUND 64

/* What a record says of the directories. */
struct directories {
	uint64_t about;	   /* bits of enum dir_state */
	struct text names; /* each with its NUL */
	/* On mounts of another mount namespace, else 0: */
	uint64_t device;     /* of the file system */
	uint64_t fs_size;    /* bytes of names up to its root */
	uint64_t mount_size; /* of these, up to the root of the mount */
};

/*
 * The names of the path's directories, or of the program, which come last. None
 * if the record is shorter than it says.
 */
static struct text read_names(const struct record *record,
			      const struct layout *layout, bool of_program)
{
	int64_t path_size = 0;
	uint64_t size = 0;
	uint64_t exe = 0;
	uint64_t start = layout->path.offset;

	record_signed(record, layout->path_size, &path_size);
	record_unsigned(record, layout->dir_size, &size);
	record_unsigned(record, layout->exe, &exe);
	if (path_size > 0) /* else it was unreadable */
		start += (uint64_t)path_size;
	if (start >= record->size)
		return (struct text){.bytes = record->data};
	if (size > record->size - start)
		size = record->size - start;
	exe &= (1 << EXE_STATE) - 1;
	if (exe > size)
		exe = size;
	size -= exe;
	return of_program ? (struct text){record->data + start + size, exe}
			  : (struct text){record->data + start, size};
}

static struct directories read_directories(const struct record *record,
					   const struct layout *layout,
					   uint64_t about)
{
	struct directories found = {.about = about};

	found.names = read_names(record, layout, false);
	if (!(about & DIR_OTHER_MOUNTS))
		return found;
	record_unsigned(record, layout->fs_device, &found.device);
	record_unsigned(record, layout->fs_size, &found.fs_size);
	record_unsigned(record, layout->mount_size, &found.mount_size);
	if (found.fs_size > found.names.size ||
	    found.mount_size > found.fs_size)
		found.device = found.fs_size = found.mount_size = 0;
	return found;
}

/* Write "/NAME" for each of the names in [from, to), the last one first. */
static char *put_part(char *out, struct text names, size_t from, size_t to)
{
	const unsigned char *first = names.bytes + from;

	while (to > from) {
		size_t size = to - from - 1; /* without the NUL of the last */
		const unsigned char *nul = memrchr(first, 0, size);
		const unsigned char *name = nul ? nul + 1 : first;

		*out++ = '/';
		out = put_bytes(out, name, (size_t)(first + size - name));
		to = (size_t)(name - names.bytes);
	}
	return out;
}

/* *about has bits of enum dir_state; 0: the path is shown as it is. */
static enum path_state read_state(const struct record *record,
				  const struct layout *layout,
				  struct text *path, uint64_t *about)
{
	enum path_state state = record_path(record, layout, path);

	*about = 0;
	record_unsigned(record, layout->dir_state, about);
	if (!(*about & DIR_IS_KNOWN) || state == PATH_UNREADABLE)
		*about = 0;
	return state == PATH_WHOLE && *about & DIR_CUT ? PATH_TOP_CUT : state;
}

enum path_state full_path_state(const struct record *record,
				const struct layout *layout)
{
	struct text path;
	uint64_t about;

	return read_state(record, layout, &path, &about);
}

/*
 * Write the directories as the host has them, up to `limit`. NULL if it doesn't
 * have them.
 */
static char *put_host_path(char *out, const char *limit,
			   const struct directories *found,
			   struct host_mounts *mounts)
{
	char room[FULL_PATH_ROOM];
	struct text inside = {.bytes = (const unsigned char *)room};
	char *end;

	if (!mounts || !found->device ||
	    found->about & (DIR_UNREACHABLE | DIR_CUT))
		return NULL;
	end = put_part(room, found->names, 0, found->fs_size);
	inside.size = (size_t)(end - room);
	return host_path(mounts, (uint32_t)found->device, inside, out,
			 (size_t)(limit - out));
}

static char *put_marks(char *out, uint64_t about)
{
	if (about & DIR_UNREACHABLE)
		out = put_string(out, "(unreachable)");
	else if (about & DIR_OTHER_MOUNTS)
		out = put_string(out, "(other mounts)");
	return about & DIR_CUT ? put_string(out, "...") : out;
}

/* Write the directories; "/" if there are none, and nothing follows. */
static char *put_directories(char *out, const char *limit,
			     const struct directories *found,
			     struct host_mounts *mounts)
{
	const struct text names = found->names;
	const char *begin = out;
	char *end = put_host_path(out, limit, found, mounts);

	if (!end) {
		begin = out = put_marks(out, found->about);
		end = put_part(out, names, found->fs_size, names.size);
		end = put_part(end, names, 0, found->mount_size);
	}
	if (end == begin && found->about & DIR_IS_FILE)
		*end++ = '/';
	return found->about & DIR_IS_DELETED ? put_string(end, " (deleted)")
					     : end;
}

enum path_state full_path(const struct record *record,
			  const struct layout *layout,
			  struct host_mounts *mounts, char *room,
			  struct text *path)
{
	uint64_t about;
	enum path_state state = read_state(record, layout, path, &about);
	struct directories found;
	struct text name;
	size_t rest;
	char *out;

	if (!about)
		return state;
	found = read_directories(record, layout, about);
	rest = path->size + MARKS_BOUND;
	if (found.names.size + rest > FULL_PATH_ROOM)
		return PATH_CUT;

	out = put_directories(room, room + FULL_PATH_ROOM - rest, &found,
			      mounts);
	if (!(about & DIR_IS_FILE)) {
		for (name = *path; name.size > 0 && *name.bytes == '/';
		     name.size--)
			name.bytes++;
		*out++ = '/';
		out = put_bytes(out, name.bytes, name.size);
	}
	*path = (struct text){(const unsigned char *)room,
			      (size_t)(out - room)};
	return state;
}

enum path_state program_path(const struct record *record,
			     const struct layout *layout, char *room,
			     struct text *path)
{
	struct directories found = {
		.names = read_names(record, layout, true),
	};
	char *out = room;

	record_unsigned(record, layout->exe, &found.about);
	found.about >>= EXE_STATE;
	if (found.about && found.names.size + MARKS_BOUND <= FULL_PATH_ROOM)
		out = put_directories(room, room, &found, NULL);
	*path = (struct text){(const unsigned char *)room,
			      (size_t)(out - room)};
	return found.about & DIR_CUT ? PATH_TOP_CUT : PATH_WHOLE;
}
