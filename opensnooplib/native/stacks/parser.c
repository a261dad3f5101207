// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* getline, strnlen */
#include "stacks/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/hash_map.h"
#include "base/pass_fd.h"
#include "stacks/helper.h"
#include "stacks/helper_child.h"
#include "stacks/scout.h"

/* Files, and bytes of all: then the next request gets another parser. */
#define FILES_MAX      256
#define FILE_BYTES_MAX (128 * 1024 * 1024)

/* What libc and libdw need for what is done here; see also confine.h. */
static const unsigned int calls[] = {
	__NR_read,   __NR_pread64,   __NR_lseek,      __NR_close,
	__NR_fcntl,  __NR_fstat,     __NR_newfstatat, __NR_recvmsg,
	__NR_sendto, __NR_shutdown,  __NR_brk,	      __NR_mmap,
	__NR_munmap, __NR_mremap,    __NR_mprotect,   __NR_madvise,
	__NR_futex,  __NR_getrandom, __NR_setitimer,  __NR_exit_group,
};

/* Is the line, "55d0c0de1000-55d0c0de2000 r-xp ...", executable? */
static bool is_code(const char *line)
{
	const char *rights = strchr(line, ' ');

	return rights && strnlen(rights, 4) == 4 && rights[3] == 'x';
}

/* No lines if there are too many. */
static void answer_mappings(int fd)
{
	static char text[HELPER_ANSWER_MAX];
	FILE *maps = fdopen(fd, "r");
	unsigned int count = 0;
	char *line = NULL;
	size_t room = 0;
	size_t used = 0;
	ssize_t size;

	while (maps && (size = getline(&line, &room, maps)) > 0) {
		if (!is_code(line))
			continue;
		if (count++ == SCOUT_MAPPINGS_MAX ||
		    used + (size_t)size >= sizeof(text)) {
			used = 0;
			break;
		}
		memcpy(text + used, line, (size_t)size);
		used += (size_t)size;
	}
	text[used] = '\0';
	helper_reply(text, used + 1);
	free(line);
	if (maps)
		fclose(maps);
}

static int open_debug_file(const unsigned char *build_id, size_t size)
{
	struct parser_message wanted = {.id_size = (uint8_t)size};
	char answer = 0;
	int fd;

	memcpy(wanted.id, build_id, size);
	send(OPENER_PARSER_FD, &wanted, sizeof(wanted), MSG_NOSIGNAL);
	receive_with_fd(OPENER_PARSER_FD, &answer, sizeof(answer), &fd);
	return fd;
}

struct file {
	struct elf_file elf;
	int64_t changed; /* its modification time, in ns; 0: never opened */
};

/* The file is opened the first time, and when it has changed. */
static struct file *file_of(const struct scout_request *request, int fd)
{
	static struct hash_map files; /* by the ids of their modules */
	static off_t bytes;
	const uint64_t id = request->file.module;
	struct file *file = hash_map_find(&files, &id, sizeof(id));

	if (!file)
		file = hash_map_add(&files, &id, sizeof(id), sizeof(*file));
	if (!file)
		_exit(1);
	if (fd >= 0 && file->changed != request->changed) {
		file->changed = request->changed;
		bytes += lseek(fd, 0, SEEK_END);
		elf_file_close(&file->elf);
		elf_file_open(&file->elf, fd);
	} else if (fd >= 0) {
		close(fd);
	}
	if (files.count >= FILES_MAX || bytes > FILE_BYTES_MAX)
		helper_refuse_more();
	return file;
}

static void answer_function(const struct scout_request *request, int fd)
{
	const struct file *file = file_of(request, fd);
	struct scout_function found = {.changed = file->changed};

	elf_function_put(&file->elf, request->offset, request->returns,
			 request->with_line, found.text, sizeof(found.text));
	helper_reply(&found, sizeof(found));
}

void parser_run(uint32_t user)
{
	static struct scout_request request;
	const struct parser_message done = {0};
	const struct confined_calls left = {calls, LENGTH(calls), NULL, 0};
	/* The CPU time of a request, if the opener is killed meanwhile. */
	const struct itimerval limit = {.it_value.tv_sec = 3};
	int fd;

	confine(user ? user + 1 : 0, 0, &left);
	elf_open_debug_file = open_debug_file;
	while (receive_with_fd(OPENER_PARSER_FD, &request, sizeof(request),
			       &fd) > 0) {
		setitimer(ITIMER_PROF, &limit, NULL);
		if (request.question == SCOUT_FUNCTION)
			answer_function(&request, fd);
		else
			answer_mappings(fd);
		send(OPENER_PARSER_FD, &done, sizeof(done), MSG_NOSIGNAL);
	}
	_exit(0);
}
