// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_CLOEXEC */
#include "event/host_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel_clock.h"

/* Less than records wait for their order, so that no mount comes too late. */
#define LOOK_NS (10 * 1000 * 1000)

/* Far more than the kernel's fs.mount-max mounts of a host take. */
#define MOST_BYTES (64 << 20)

/* The paths have no slash at their end, so "/" is empty. */
struct host_mount {
	unsigned long id;
	unsigned long parent; /* the id of the mount that it is mounted on */
	uint32_t device;
	struct text root;  /* what of the file system is mounted */
	struct text point; /* where */
};

struct host_mounts {
	const char *file;
	int fd;		 /* of that file; -1: not open yet */
	uint64_t looked; /* ns; when the kernel was asked for changes */
	char *content;	 /* of the file; paths point into it */
	struct host_mount *all;
	size_t count;
	const struct host_mount *root; /* where paths begin, or NULL */
};

struct host_mounts *host_mounts_new(const char *mountinfo)
{
	struct host_mounts *mounts = calloc(1, sizeof(*mounts));

	if (!mounts)
		return NULL;
	mounts->file = mountinfo;
	mounts->fd = -1;
	return mounts;
}

static void forget_all(struct host_mounts *mounts)
{
	free(mounts->content);
	free(mounts->all);
	mounts->content = NULL;
	mounts->all = NULL;
	mounts->count = 0;
	mounts->root = NULL;
}

void host_mounts_free(struct host_mounts *mounts)
{
	if (!mounts)
		return;
	forget_all(mounts);
	if (mounts->fd >= 0)
		close(mounts->fd);
	free(mounts);
}

/* The whole file, with a NUL behind it; NULL where that can't be had. */
static char *read_whole(int fd)
{
	size_t room = 16 * 1024;
	size_t size = 0;
	char *content = malloc(room);
	ssize_t got = -1;

	while (content) {
		char *more;

		got = pread(fd, content + size, room - size - 1, (off_t)size);
		if (got <= 0)
			break;
		size += (size_t)got;
		if (room - size > 1)
			continue;
		room *= 2;
		more = room > MOST_BYTES ? NULL : realloc(content, room);
		if (!more)
			break;
		content = more;
	}
	if (got != 0) {
		free(content);
		return NULL;
	}
	content[size] = '\0';
	return content;
}

static bool is_octal(char digit)
{
	return digit >= '0' && digit <= '7';
}

/* Up to the next space, with \040 and the like as the bytes that they are. */
static struct text take_path(char **at)
{
	char *in = *at + strspn(*at, " ");
	char *out = in;
	struct text path = {.bytes = (unsigned char *)in};

	while (*in && *in != ' ') {
		if (in[0] == '\\' && is_octal(in[1]) && is_octal(in[2]) &&
		    is_octal(in[3])) {
			*out++ = (char)((in[1] - '0') << 6 |
					(in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*at = in;
	path.size = (size_t)(out - (const char *)path.bytes);
	if (path.size == 1 && *path.bytes == '/')
		path.size = 0;
	return path;
}

/* ID PARENT MAJOR:MINOR ROOT POINT ... */
static struct host_mount parse(char *line)
{
	struct host_mount mount;

	mount.id = strtoul(line, &line, 10);
	mount.parent = strtoul(line, &line, 10);
	/* As the kernel puts the two together, in its linux/kdev_t.h. */
	mount.device = (uint32_t)strtoul(line, &line, 10) << 20;
	line += *line == ':';
	mount.device |= (uint32_t)strtoul(line, &line, 10);
	mount.root = take_path(&line);
	mount.point = take_path(&line);
	return mount;
}

/* Is it the same path, or one below? */
static bool is_below(struct text path, struct text above)
{
	return path.size >= above.size &&
	       memcmp(path.bytes, above.bytes, above.size) == 0 &&
	       (path.size == above.size || path.bytes[above.size] == '/');
}

/* One at /: where there are more, each but the first is on another of them. */
static const struct host_mount *find_root(const struct host_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->all[i].point.size == 0)
			return &mounts->all[i];
	return NULL;
}

static size_t count_lines(const char *content)
{
	size_t lines = 0;

	while ((content = strchr(content, '\n'))) {
		content++;
		lines++;
	}
	return lines;
}

static void read_mounts(struct host_mounts *mounts)
{
	char *line;
	char *end;

	forget_all(mounts);
	mounts->content = read_whole(mounts->fd);
	if (!mounts->content)
		return;
	mounts->all =
		calloc(count_lines(mounts->content) + 1, sizeof(*mounts->all));
	if (!mounts->all)
		return;
	for (line = mounts->content; (end = strchr(line, '\n')); line = end) {
		*end++ = '\0';
		mounts->all[mounts->count++] = parse(line);
	}
	mounts->root = find_root(mounts);
}

static bool have_changed(const struct host_mounts *mounts)
{
	struct pollfd change = {.fd = mounts->fd, .events = POLLPRI};

	return poll(&change, 1, 0) > 0 && change.revents & POLLPRI;
}

static void follow_changes(struct host_mounts *mounts)
{
	uint64_t now = kernel_clock_ns();

	if (mounts->looked && now - mounts->looked < LOOK_NS)
		return;
	mounts->looked = now;
	if (mounts->fd >= 0 && !have_changed(mounts))
		return;
	if (mounts->fd < 0)
		mounts->fd = open(mounts->file, O_RDONLY | O_CLOEXEC);
	if (mounts->fd >= 0)
		read_mounts(mounts);
}

/* The mount on `lower` that the way down to the path comes to first. */
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

/* The mount that a path of the host leads into, which may hide others. */
static const struct host_mount *mount_of(const struct host_mounts *mounts,
					 struct text path)
{
	const struct host_mount *mount = mounts->root;
	const struct host_mount *next = mount;

	/* As many steps as there are mounts, should they be on each other. */
	for (size_t i = 0; next && i < mounts->count; i++) {
		mount = next;
		next = next_mount(mounts, mount, path);
	}
	return mount;
}

/* Where it is, if no other mount is in the way; else NULL. */
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
