// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* open_by_handle_at, strchrnul */
#include "rows/id_names.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <mntent.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many names of one kind are kept. */
#define NAMES_MAX 3072

static void free_name(void *name)
{
	free(*(char **)name);
}

static const char *look_up(struct hash_map *known, uint64_t number,
			   char *(*ask)(struct names *names, uint64_t number),
			   struct names *names)
{
	char **name = hash_map_find(known, &number, sizeof(number));

	if (!name && known->count < NAMES_MAX) {
		name = hash_map_add(known, &number, sizeof(number),
				    sizeof(*name));
		if (name)
			*name = ask(names, number);
	}
	return name ? *name : NULL;
}

static char *ask_user(struct names *names, uint64_t uid)
{
	struct passwd *found = uid <= UINT32_MAX ? getpwuid((uid_t)uid) : NULL;

	(void)names;
	return found ? strdup(found->pw_name) : NULL;
}

static char *ask_group(struct names *names, uint64_t gid)
{
	struct group *found = gid <= UINT32_MAX ? getgrgid((gid_t)gid) : NULL;

	(void)names;
	return found ? strdup(found->gr_name) : NULL;
}

const char *user_name(struct names *names, uint64_t uid)
{
	return look_up(&names->users, uid, ask_user, names);
}

const char *group_name(struct names *names, uint64_t gid)
{
	return look_up(&names->groups, gid, ask_group, names);
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
static int open_cgroup(int mount_fd, uint64_t id)
{
	enum { FILEID_KERNFS = 0xfe };
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} cgroup = {.handle = {.handle_bytes = sizeof(id),
			       .handle_type = FILEID_KERNFS}};

	memcpy(cgroup.room + offsetof(struct file_handle, f_handle), &id,
	       sizeof(id));
	return open_by_handle_at(mount_fd, &cgroup.handle, O_PATH | O_CLOEXEC);
}

static char *ask_cgroup(struct names *names, uint64_t id)
{
	char root[PATH_MAX];
	char path[PATH_MAX];
	ssize_t root_size;
	ssize_t size;
	int fd;

	if (names->cgroup_mount == 0)
		names->cgroup_mount = open_cgroup_mount();
	if (names->cgroup_mount < 0)
		return NULL;
	fd = open_cgroup(names->cgroup_mount, id);
	if (fd < 0)
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

	/*
	 * Cgroups come and go with containers, and the kernel answers quickly:
	 * so their names may be asked for anew.
	 */
	if (known->count >= NAMES_MAX)
		hash_map_clear(known, free_name);
	return look_up(known, id, by_root ? ask_cgroup_by_root : ask_cgroup,
		       names);
}

void names_free(struct names *names)
{
	hash_map_clear(&names->users, free_name);
	hash_map_clear(&names->groups, free_name);
	hash_map_clear(&names->cgroups, free_name);
	hash_map_clear(&names->root_named, free_name);
	if (names->cgroup_mount > 0)
		close(names->cgroup_mount);
}
