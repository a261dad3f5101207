// SPDX-License-Identifier: Apache-2.0
/*
 * Opens one file by its handle:
 *
 *	by_handle open_by_handle_at PATH
 *
 * Prints the result, a descriptor or a negative errno. The directory that the
 * handle needs is opened as well, by openat.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} of = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
	int mount_id;
	int mount;
	int fd;

	if (argc != 3)
		return 2;
	if (name_to_handle_at(AT_FDCWD, argv[2], &of.handle, &mount_id, 0) < 0)
		return 1;
	mount = open(dirname(argv[2]), O_RDONLY | O_DIRECTORY);
	fd = open_by_handle_at(mount, &of.handle, O_RDONLY);
	printf("%d\n", fd < 0 ? -errno : fd);
	return 0;
}
