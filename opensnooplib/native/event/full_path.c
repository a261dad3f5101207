// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memrchr */
#include "event/full_path.h"

#include <string.h>

#include "base/put_string.h"

/* Bytes of all marks together. */
#define MARKS_BOUND 64

/* The names of the directories in the record, each with its NUL. */
static struct text directories(const struct record *record,
			       const struct layout *layout)
{
	int64_t path_size = 0;
	uint64_t dir_size = 0;
	uint64_t start;
	struct text names = {.bytes = record->data};

	record_signed(record, layout->path_size, &path_size);
	record_unsigned(record, layout->dir_size, &dir_size);
	if (path_size < 0 || path_size > UINT32_MAX)
		return names;
	start = layout->path.offset + (uint64_t)path_size;
	if (start >= record->size)
		return names;
	names.bytes += start;
	names.size = record->size - start;
	if (names.size > dir_size)
		names.size = dir_size;
	return names;
}

/* Write "/NAME" for each directory, the last one first. */
static char *put_directories(char *out, struct text names)
{
	while (names.size > 0) {
		size_t end = names.size - 1; /* of the name, at its NUL */
		const unsigned char *nul = memrchr(names.bytes, 0, end);
		const unsigned char *name = nul ? nul + 1 : names.bytes;

		*out++ = '/';
		out = put_bytes(out, name, (size_t)(names.bytes + end - name));
		names.size = (size_t)(name - names.bytes);
	}
	return out;
}

static struct text without_slashes(struct text name)
{
	while (name.size > 0 && *name.bytes == '/') {
		name.bytes++;
		name.size--;
	}
	return name;
}

/* The bits of enum dir_state; 0 if the path is shown as it is. */
static uint64_t dir_state(const struct record *record,
			  const struct layout *layout, enum path_state state)
{
	uint64_t bits = 0;

	record_unsigned(record, layout->dir_state, &bits);
	return bits & DIR_IS_KNOWN && state != PATH_UNREADABLE ? bits : 0;
}

enum path_state full_path_state(const struct record *record,
				const struct layout *layout)
{
	struct text path;
	enum path_state state = record_path(record, layout, &path);

	if (state == PATH_WHOLE && dir_state(record, layout, state) & DIR_CUT)
		return PATH_TOP_CUT;
	return state;
}

/*
 * The directories in parts, if they are on mounts of another mount namespace.
 * Otherwise all of them are `in_mount`.
 */
struct parts {
	uint32_t device;      /* of the file system, or 0 */
	struct text in_fs;    /* up to the root of the file system */
	struct text in_mount; /* up to the root of the mount; part of in_fs */
	struct text above_mount;
};

static struct text part(struct text names, size_t from, size_t to)
{
	return (struct text){names.bytes + from, to - from};
}

static struct parts split_directories(const struct record *record,
				      const struct layout *layout,
				      struct text names)
{
	struct parts parts = {.in_mount = names};
	uint64_t device = 0;
	uint64_t fs_size = 0;
	uint64_t mount_size = 0;

	record_unsigned(record, layout->fs_device, &device);
	record_unsigned(record, layout->fs_size, &fs_size);
	record_unsigned(record, layout->mount_size, &mount_size);
	if (fs_size > names.size || mount_size > fs_size)
		return parts;
	parts.device = (uint32_t)device;
	parts.in_fs = part(names, 0, fs_size);
	parts.in_mount = part(names, 0, mount_size);
	parts.above_mount = part(names, fs_size, names.size);
	return parts;
}

/*
 * Write the directories as the host has them, up to `limit`. NULL if it doesn't
 * have them.
 */
static char *put_host_path(char *out, const char *limit, struct parts parts,
			   struct host_mounts *mounts)
{
	char room[FULL_PATH_ROOM];
	struct text inside = {.bytes = (const unsigned char *)room};

	if (parts.device == 0)
		return NULL;
	inside.size = (size_t)(put_directories(room, parts.in_fs) - room);
	return host_path(mounts, parts.device, inside, out,
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
static char *put_names(char *out, const char *limit, struct parts parts,
		       uint64_t about, struct host_mounts *mounts)
{
	const char *begin = out;
	char *end = NULL;

	if (mounts && about & DIR_OTHER_MOUNTS &&
	    !(about & (DIR_UNREACHABLE | DIR_CUT)))
		end = put_host_path(out, limit, parts, mounts);
	if (!end) {
		out = put_marks(out, about);
		begin = out;
		end = put_directories(out, parts.above_mount);
		end = put_directories(end, parts.in_mount);
	}
	if (end == begin && about & DIR_IS_FILE)
		*end++ = '/';
	return end;
}

enum path_state full_path(const struct record *record,
			  const struct layout *layout,
			  struct host_mounts *mounts, char *room,
			  struct text *path)
{
	enum path_state state = record_path(record, layout, path);
	uint64_t about = dir_state(record, layout, state);
	struct text names;
	struct text name;
	size_t rest;
	char *out;

	if (!about)
		return state;
	names = directories(record, layout);
	rest = path->size + MARKS_BOUND;
	if (names.size + rest > FULL_PATH_ROOM)
		return PATH_CUT;

	out = put_names(room, room + FULL_PATH_ROOM - rest,
			split_directories(record, layout, names), about,
			mounts);
	if (about & DIR_IS_DELETED)
		out = put_string(out, " (deleted)");
	if (!(about & DIR_IS_FILE)) {
		name = without_slashes(*path);
		*out++ = '/';
		out = put_bytes(out, name.bytes, name.size);
	}
	*path = (struct text){(const unsigned char *)room,
			      (size_t)(out - room)};
	if (state == PATH_WHOLE && about & DIR_CUT)
		return PATH_TOP_CUT;
	return state;
}
