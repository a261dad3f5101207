// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_PATH, major */
#include "stacks/mapped_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mountinfo.h"

/* File systems without a disk, but mostly not served by a program or a host. */
static bool is_local(const char *type)
{
	static const char *const types[] = {"overlay",	"tmpfs", "btrfs", "zfs",
					    "bcachefs", "ramfs", "rootfs"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* Is the device's file system local? `mounts` is a proc_pid_mountinfo(5). */
static bool is_local_mount(const char *mounts, uint64_t device)
{
	FILE *file = fopen(mounts, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0) {
		struct mountinfo mount = mountinfo_parse(line);

		found = makedev(mount.device_major, mount.device_minor) ==
				device &&
			is_local(mount.type);
	}
	free(line);
	fclose(file);
	return found;
}

/*
 * A file that another program or host serves isn't worth the wait. A file on a
 * disk mostly is.
 */
static bool is_served_here(const struct mapped_file *file)
{
	char mounts[64];

	if (major(file->device) != 0)
		return true;
	snprintf(mounts, sizeof(mounts), "/proc/%u/mountinfo", file->pid);
	return is_local_mount(mounts, file->device) ||
	       is_local_mount("/proc/self/mountinfo", file->device);
}

/*
 * The path may lead to a device by now, which must not be opened for reading:
 * so this is an O_PATH descriptor, if the path leads to the file. Some file
 * systems (overlay, btrfs) report another device to stat(2) than for mappings.
 */
static int find(const char *path, const struct mapped_file *file,
		struct stat *status)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode) &&
	    status->st_ino == file->inode &&
	    (status->st_dev == file->device || major(status->st_dev) == 0))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int mapped_file_open(const struct mapped_file *file, int64_t *changed)
{
	char path[64 + sizeof(file->path)];
	struct stat status;
	int found;
	int fd;

	if (!is_served_here(file))
		return -1;
	/* This also finds a file that was deleted. */
	snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", file->pid,
		 (unsigned long)file->start, (unsigned long)file->end);
	found = find(path, file, &status);
	if (found < 0) { /* the path as a process in a container sees it */
		snprintf(path, sizeof(path), "/proc/%u/root/%s", file->pid,
			 file->path);
		found = find(path, file, &status);
	}
	if (found < 0) /* the process has ended */
		found = find(file->path, file, &status);
	if (found < 0)
		return -1;
	*changed = (int64_t)status.st_mtim.tv_sec * 1000000000 +
		   status.st_mtim.tv_nsec;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	close(found);
	return fd;
}
