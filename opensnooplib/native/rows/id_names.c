// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* open_by_handle_at, strchrnul */
#include "rows/id_names.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <mntent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/monitor.h"
#include "stacks/helper_child.h"

/* How many names of one kind are kept. */
#define NAMES_MAX 3072

/* After so many requests without an answer, an id has no name. */
#define REQUESTS_MAX 2

/* Added to the number of a group, since a user may have the same. */
#define IS_GROUP (1ULL << 32)

/* Of a user or a group; of a cgroup, the first field alone is kept. */
struct name {
	char *text;		 /* NULL: it isn't known, or there is none */
	unsigned int unanswered; /* requests; REQUESTS_MAX: no more are made */
};

/* In the child. */
static void serve(const void *bytes, size_t size)
{
	uint64_t number = *(const uint64_t *)bytes;
	const struct passwd *user = NULL;
	const struct group *group = NULL;
	const char *name = "";

	(void)size; /* the buffer is larger */
	if (number & IS_GROUP)
		group = getgrgid((gid_t)number);
	else
		user = getpwuid((uid_t)number);
	if (group)
		name = group->gr_name;
	if (user)
		name = user->pw_name;
	helper_reply(name, strnlen(name, NAME_BOUND) + 1);
}

void names_run(uint32_t user)
{
	confine(user ? user + 2 : 0, 0, NULL);
	helper_serve(serve);
}

/* From here on: in the trace. */

static void take(void *context, const void *request, void *answer, size_t size)
{
	struct names *names = context;
	struct name *name =
		hash_map_find(&names->users, request, sizeof(uint64_t));

	name->unanswered = size > 0 ? REQUESTS_MAX : name->unanswered + 1;
	if (size > 1)
		name->text = strndup(answer, size);
}

/* A descriptor of the directory where cgroup2 is mounted; -1: it isn't. */
static int open_cgroup_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int fd = -1;

	if (!mounts)
		return -1;
	while (fd < 0 && (mount = getmntent(mounts)))
		if (strcmp(mount->mnt_type, "cgroup2") == 0)
			fd = open(mount->mnt_dir,
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	endmntent(mounts);
	return fd;
}

void names_open(struct names *names, struct helper *helper, struct helpers *all)
{
	names->helper = helper;
	*helper = (struct helper){
		.kind = HELPER_NAMES,
		.take = take,
		.context = names,
		.all = all,
	};
	names->cgroup_mount = open_cgroup_mount();
}

static const char *ask_helper(struct names *names, uint64_t number)
{
	struct hash_map *known = &names->users;
	struct name *name = hash_map_find(known, &number, sizeof(number));

	if (!name && known->count < NAMES_MAX)
		name = hash_map_add(known, &number, sizeof(number),
				    sizeof(*name));
	if (!name)
		return NULL;
	if (names->helper && name->unanswered < REQUESTS_MAX)
		helper_ask(names->helper, &number, sizeof(number));
	return name->text;
}

const char *user_name(struct names *names, uint64_t uid)
{
	return uid <= UINT32_MAX ? ask_helper(names, uid) : NULL;
}

const char *group_name(struct names *names, uint64_t gid)
{
	return gid <= UINT32_MAX ? ask_helper(names, gid | IS_GROUP) : NULL;
}

static void free_name(void *name)
{
	free(*(char **)name);
}

/* The path of a descriptor, without a NUL; its size, or -1. */
static ssize_t path_of(int fd, char *path, size_t size)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, path, size);
}

/*
 * A cgroup's file handle is its id and nothing else (fs/kernfs/mount.c in the
 * kernel): the kernel finds the cgroup by it, however many there are.
 */
int cgroup_open(int mount_fd, uint64_t id)
{
	enum { FILEID_KERNFS = 0xfe };
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} cgroup = {.handle = {.handle_bytes = sizeof(id),
			       .handle_type = FILEID_KERNFS}};
	int fd;

	memcpy(cgroup.room + offsetof(struct file_handle, f_handle), &id,
	       sizeof(id));
	fd = open_by_handle_at(mount_fd, &cgroup.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A trace without privileges asks the monitor. */
static int ask_for_cgroup(const struct names *names, uint64_t id)
{
	char text[MONITOR_TEXT_MAX];
	int fd = cgroup_open(names->cgroup_mount, id);

	if (fd != -EPERM)
		return fd;
	snprintf(text, sizeof(text), "cgroup_open %llu",
		 (unsigned long long)id);
	return monitor_ask(text, &names->cgroup_mount, 1);
}

static char *ask_cgroup(struct names *names, uint64_t id)
{
	char root[PATH_MAX];
	char path[PATH_MAX];
	ssize_t root_size;
	ssize_t size;
	int fd;

	if (names->cgroup_mount < 0)
		return NULL;
	fd = ask_for_cgroup(names, id);
	if (fd <= 0)
		return NULL; /* the cgroup was removed */
	size = path_of(fd, path, sizeof(path));
	close(fd);
	root_size = path_of(names->cgroup_mount, root, sizeof(root));
	if (size < root_size || root_size < 0)
		return NULL;
	if (size == root_size)
		return strdup("/");
	return strndup(path + root_size, (size_t)(size - root_size));
}

static char *ask_cgroup_by_root(struct names *names, uint64_t id)
{
	char *path = ask_cgroup(names, id);
	struct stat above; /* the folder that holds the next name */

	for (char *end = path; end && *end; end = strchrnul(end + 1, '/')) {
		*end = '\0';
		if (fstatat(names->cgroup_mount, *path ? path + 1 : ".", &above,
			    0) != 0 ||
		    above.st_uid != 0)
			break;
		*end = '/';
	}
	return path;
}

const char *cgroup_path(struct names *names, uint64_t id, bool by_root)
{
	struct hash_map *known = by_root ? &names->root_named : &names->cgroups;
	char **path = hash_map_find(known, &id, sizeof(id));

	if (path)
		return *path;
	/*
	 * Cgroups come and go with containers, and the kernel answers quickly:
	 * so their names may be asked for anew.
	 */
	if (known->count >= NAMES_MAX)
		hash_map_clear(known, free_name);
	path = hash_map_add(known, &id, sizeof(id), sizeof(*path));
	if (!path)
		return NULL;
	*path = by_root ? ask_cgroup_by_root(names, id) : ask_cgroup(names, id);
	return *path;
}

enum { ID_DIGITS = 64, SHOWN_DIGITS = 12 };

struct text find_container(const char *path)
{
	static const char *const prefixes[] = {"/lxc.payload.",
					       "/machine.slice/machine-"};

	/* An ID: docker-ID.scope, /docker/ID, cri-containerd-ID.scope, ... */
	for (const char *at = path; *at; at++) {
		size_t digits = strspn(at, "0123456789abcdef");

		if (digits == ID_DIGITS)
			return (struct text){(const void *)at, SHOWN_DIGITS};
		if (digits > 0)
			at += digits - 1;
	}
	for (int i = 0; i < 2; i++) {
		const char *at = strstr(path, prefixes[i]);

		if (!at)
			continue;
		at += strlen(prefixes[i]);
		return (struct text){(const void *)at, strcspn(at, "/")};
	}
	return (struct text){0};
}

void names_forget_cgroups(struct names *names)
{
	hash_map_clear(&names->cgroups, free_name);
	hash_map_clear(&names->root_named, free_name);
	if (names->cgroup_mount > 0)
		close(names->cgroup_mount);
	names->cgroup_mount = -1;
}

void names_close(struct names *names)
{
	if (names->helper)
		helper_free(names->helper);
	hash_map_clear(&names->users, free_name);
	names_forget_cgroups(names);
}
