// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memrchr */
#include "event/full_path.h"

#include <string.h>

/* Bits of the field dir_state: see bpf_src/extra/file_of_open.h. */
enum {
	IS_KNOWN = 1,
	IS_FILE = 2,
	IS_DELETED = 4,
	UNREACHABLE = 8,
	TOP_CUT = 16,
	OTHER_MOUNTS = 32,
};

/* Text that is put together in a buffer. */
struct writer {
	char *out;
	char *end;
	bool is_full;
};

static void append(struct writer *writer, const void *bytes, size_t size)
{
	if ((size_t)(writer->end - writer->out) < size) {
		writer->is_full = true;
		return;
	}
	memcpy(writer->out, bytes, size);
	writer->out += size;
}

static void append_string(struct writer *writer, const char *string)
{
	append(writer, string, strlen(string));
}

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

/* Append "/NAME" for each directory, the last one first. */
static void put_directories(struct writer *writer, struct text names)
{
	while (names.size > 0) {
		size_t end = names.size - 1; /* of the name, at its NUL */
		const unsigned char *nul = memrchr(names.bytes, 0, end);
		const unsigned char *name = nul ? nul + 1 : names.bytes;

		append_string(writer, "/");
		append(writer, name, (size_t)(names.bytes + end - name));
		names.size = (size_t)(name - names.bytes);
	}
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
	return bits & IS_KNOWN && state != PATH_UNREADABLE ? bits : 0;
}

enum path_state full_path_state(const struct record *record,
				const struct layout *layout)
{
	struct text path;
	enum path_state state = record_path(record, layout, &path);

	if (state == PATH_WHOLE && dir_state(record, layout, state) & TOP_CUT)
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
				      const struct layout *layout)
{
	struct text names = directories(record, layout);
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

/* Append the directories as the host has them; false if it doesn't. */
static bool put_host_path(struct writer *writer, struct parts parts,
			  struct host_mounts *mounts)
{
	char room[FULL_PATH_ROOM];
	struct writer inside = {.out = room, .end = room + sizeof(room)};
	char *end;

	put_directories(&inside, parts.in_fs);
	if (parts.device == 0 || inside.is_full)
		return false;
	end = host_path(mounts, parts.device,
			(struct text){(const unsigned char *)room,
				      (size_t)(inside.out - room)},
			writer->out, (size_t)(writer->end - writer->out));
	if (end)
		writer->out = end;
	return end != NULL;
}

static void put_marks(struct writer *writer, uint64_t about)
{
	if (about & UNREACHABLE)
		append_string(writer, "(unreachable)");
	else if (about & OTHER_MOUNTS)
		append_string(writer, "(other mounts)");
	if (about & TOP_CUT)
		append_string(writer, "...");
}

/* Append the directories. Returns whether there are any. */
static bool put_names(struct writer *writer, struct parts parts, uint64_t about,
		      struct host_mounts *mounts)
{
	const char *begin = writer->out;
	bool is_mapped = mounts && about & OTHER_MOUNTS &&
			 !(about & (UNREACHABLE | TOP_CUT)) &&
			 put_host_path(writer, parts, mounts);

	if (!is_mapped) {
		put_marks(writer, about);
		begin = writer->out;
		put_directories(writer, parts.above_mount);
		put_directories(writer, parts.in_mount);
	}
	return writer->out > begin;
}

enum path_state full_path(const struct record *record,
			  const struct layout *layout,
			  struct host_mounts *mounts, char *room,
			  struct text *path)
{
	enum path_state state = record_path(record, layout, path);
	struct writer writer = {.out = room, .end = room + FULL_PATH_ROOM};
	struct text name;
	uint64_t about = dir_state(record, layout, state);

	if (!about)
		return state;

	if (!put_names(&writer, split_directories(record, layout), about,
		       mounts) &&
	    about & IS_FILE)
		append_string(&writer, "/");
	if (about & IS_DELETED)
		append_string(&writer, " (deleted)");
	if (!(about & IS_FILE)) {
		name = without_slashes(*path);
		append_string(&writer, "/");
		append(&writer, name.bytes, name.size);
	}
	if (writer.is_full)
		return PATH_CUT;
	*path = (struct text){(const unsigned char *)room,
			      (size_t)(writer.out - room)};
	if (state == PATH_WHOLE && about & TOP_CUT)
		return PATH_TOP_CUT;
	return state;
}
