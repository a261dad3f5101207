// SPDX-License-Identifier: Apache-2.0
/*
 * Opens files by a name that another thread keeps rewriting.
 *
 *	swap_names OPENS PATH PATH
 *
 * Both paths must exist, and have the same length. Says "ready", waits for a
 * line on stdin, and makes its opens. Then prints one digit for each: 0 or 1
 * for the path of the file that was opened, known by its inode, or 2 if the
 * open failed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char name[4096];
static const char *paths[2];
static atomic_bool is_over;

/* Only the last letters differ: one byte, so that each name is whole. */
static void *rewrite(void *nothing)
{
	volatile char *last = &name[strlen(name) - 1];
	char letters[2];

	for (int i = 0; i < 2; i++)
		letters[i] = paths[i][strlen(paths[i]) - 1];
	for (unsigned int i = 0; !is_over; i++)
		*last = letters[i & 1];
	return nothing;
}

static char file_opened(const ino_t inodes[2])
{
	int fd = open(name, O_RDONLY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return '2';
	close(fd);
	return status.st_ino == inodes[0] ? '0' : '1';
}

int main(int argc, char **argv)
{
	size_t opens = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
	char *opened = calloc(opens + 1, 1);
	struct stat status;
	ino_t inodes[2];
	pthread_t thread;

	if (opens == 0 || !opened)
		return 2;
	for (int i = 0; i < 2; i++) {
		paths[i] = argv[2 + i];
		if (stat(paths[i], &status) < 0)
			return 2;
		inodes[i] = status.st_ino;
	}
	strncpy(name, paths[0], sizeof(name) - 1);
	if (pthread_create(&thread, NULL, rewrite, NULL) != 0)
		return 2;
	puts("ready");
	fflush(stdout);
	getchar();
	for (size_t i = 0; i < opens; i++)
		opened[i] = file_opened(inodes);
	is_over = true;
	pthread_join(thread, NULL);
	puts(opened);
	return 0;
}
