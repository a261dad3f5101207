// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* getdelim */
#include "event/host_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel_clock.h"
#include "base/mountinfo.h"

/*
 * How often the kernel is asked for changes: more often than every
 * MERGE_HOLD_BACK_MS, so that each mount is known before its records are shown.
 */
#define RECHECK_NS (10 * 1000 * 1000)

/* One mount. Its paths have no slash at the end, so "/" is empty. */
struct host_mount {
	unsigned long id;
	unsigned long parent; /* the id of the mount that it is mounted on */
	uint32_t device;
	struct text root;  /* of the file system: the directory mounted */
	struct text point; /* of the host: where it is mounted */
};

struct host_mounts {
	int fd;		  /* of the file; -1: there is none */
	uint64_t checked; /* ns; when the kernel was last asked for changes */
	char *content;	  /* of the file; the mounts' paths point into it */
	size_t room;	  /* bytes that `content` has */
	struct host_mount *all;
	size_t count;
};

struct host_mounts *host_mounts_new(const char *mountinfo)
{
	struct host_mounts *mounts = calloc(1, sizeof(*mounts));

	if (mounts)
		mounts->fd = open(mountinfo, O_RDONLY | O_CLOEXEC);
	return mounts;
}

void host_mounts_free(struct host_mounts *mounts)
{
	if (!mounts)
		return;
	free(mounts->content);
	free(mounts->all);
	if (mounts->fd >= 0)
		close(mounts->fd);
	free(mounts);
}

/* A path, without a slash at its end. */
static struct text text_of(const char *path)
{
	struct text text = {(const unsigned char *)path, strlen(path)};

	if (strcmp(path, "/") == 0)
		text.size = 0;
	return text;
}

static struct host_mount parse(char *line)
{
	struct mountinfo mount = mountinfo_parse(line);

	return (struct host_mount){
		.id = mount.id,
		.parent = mount.parent,
		/* The kernel's MKDEV(major, minor): linux/kdev_t.h. */
		.device = mount.device_major << 20 | mount.device_minor,
		.root = text_of(mount.root),
		.point = text_of(mount.point),
	};
}

/* Is `path` the same as `above`, or below it? */
static bool is_below(struct text path, struct text above)
{
	return path.size >= above.size &&
	       memcmp(path.bytes, above.bytes, above.size) == 0 &&
	       (path.size == above.size || path.bytes[above.size] == '/');
}

/* The first mount at "/": the others there are mounted on top of one another.
 */
static const struct host_mount *find_root(const struct host_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->all[i].point.size == 0)
			return &mounts->all[i];
	return NULL;
}

/* Without memory, the host has no mounts until they change again. */
static void read_mounts(struct host_mounts *mounts, FILE *file)
{
	struct host_mount *more;
	char *line;
	char *end;

	mounts->count = 0;
	/* No NUL is in the file: this reads all of it. */
	if (getdelim(&mounts->content, &mounts->room, '\0', file) < 0)
		return;
	for (line = mounts->content; (end = strchr(line, '\n')); line = end) {
		*end++ = '\0';
		more = realloc(mounts->all,
			       (mounts->count + 1) * sizeof(*more));
		if (!more)
			break;
		mounts->all = more;
		mounts->all[mounts->count++] = parse(line);
	}
}

static void follow_changes(struct host_mounts *mounts)
{
	struct pollfd change = {.fd = mounts->fd, .events = POLLPRI};
	uint64_t now = kernel_clock_ns();
	FILE *file;

	if (mounts->checked && now - mounts->checked < RECHECK_NS)
		return;
	mounts->checked = now;
	poll(&change, 1, 0);
	if (mounts->content && !(change.revents & POLLPRI))
		return;
	lseek(mounts->fd, 0, SEEK_SET);
	/* Anew each time, since stdio would reread its own buffer. */
	file = fdopen(dup(mounts->fd), "r");
	if (file) {
		read_mounts(mounts, file);
		fclose(file);
	}
}

/* Of the mounts on `lower`, the one that the path enters first; or NULL. */
static const struct host_mount *next_mount(const struct host_mounts *mounts,
					   const struct host_mount *lower,
					   struct text path)
{
	const struct host_mount *next = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct host_mount *mount = &mounts->all[i];

		if (mount->parent == lower->id && mount != lower &&
		    (!next || mount->point.size <= next->point.size) &&
		    is_below(path, mount->point))
			next = mount;
	}
	return next;
}

/* The mount that contains the host's path; mounts can hide one another. */
static const struct host_mount *mount_of(const struct host_mounts *mounts,
					 struct text path)
{
	const struct host_mount *mount = find_root(mounts);
	const struct host_mount *next = mount;

	/* The steps are limited, in case mounts form a circle. */
	for (size_t i = 0; next && i < mounts->count; i++) {
		mount = next;
		next = next_mount(mounts, mount, path);
	}
	return mount;
}

/* The path of the file through this mount; NULL if another mount hides it. */
static char *path_through(const struct host_mounts *mounts,
			  const struct host_mount *mount, struct text inside,
			  char *room, size_t size)
{
	size_t rest = inside.size - mount->root.size;
	struct text path = {
		.bytes = (unsigned char *)room,
		.size = mount->point.size + rest,
	};

	if (path.size > size)
		return NULL;
	memcpy(room, mount->point.bytes, mount->point.size);
	memcpy(room + mount->point.size, inside.bytes + mount->root.size, rest);
	return mount_of(mounts, path) == mount ? room + path.size : NULL;
}

char *host_path(struct host_mounts *mounts, uint32_t device, struct text inside,
		char *room, size_t size)
{
	follow_changes(mounts);
	for (size_t i = 0; i < mounts->count; i++) {
		const struct host_mount *mount = &mounts->all[i];
		char *end = NULL;

		if (mount->device == device && is_below(inside, mount->root))
			end = path_through(mounts, mount, inside, room, size);
		if (end)
			return end;
	}
	return NULL;
}
