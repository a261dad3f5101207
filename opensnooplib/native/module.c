// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_PATH, major */
#include "module.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Slots of the table, a power of two; it is full when three quarters are. */
#define SLOTS	   8192
#define SLOTS_FULL (SLOTS / 4 * 3)

/* For the symbols of all files. */
#define SYMBOL_BYTES_MAX (64 * 1024 * 1024)

static struct module too_many = {.path = "too many files", .is_read = true};

static struct module *new_module(uint64_t device, uint64_t inode,
				 const char *path)
{
	struct module *module = calloc(1, sizeof(*module));
	char *copy = strdup(path);

	if (!module || !copy) {
		free(module);
		free(copy);
		return NULL;
	}
	module->device = device;
	module->inode = inode;
	module->path = copy;
	return module;
}

bool modules_are_full(const struct modules *modules)
{
	return modules->used >= SLOTS_FULL;
}

struct module *module_of(struct modules *modules, uint64_t device,
			 uint64_t inode, const char *path)
{
	/* Fibonacci hashing: numbers in a row go far apart. */
	uint64_t place = (inode ^ device << 32) * 0x9e3779b97f4a7c15 >> 51;
	struct module *module;

	if (!modules->slots)
		modules->slots = calloc(SLOTS, sizeof(struct module *));
	if (!modules->slots)
		return &too_many;
	while ((module = modules->slots[place])) {
		if (module->inode == inode && module->device == device &&
		    strcmp(module->path, path) == 0)
			return module;
		place = (place + 1) % SLOTS;
	}
	if (modules_are_full(modules))
		return &too_many;
	module = new_module(device, inode, path);
	if (!module)
		return &too_many;
	modules->slots[place] = module;
	modules->used++;
	return module;
}

static void forget_symbols(struct modules *modules)
{
	for (unsigned int i = 0; modules->slots && i < SLOTS; i++) {
		struct module *module = modules->slots[i];

		if (!module)
			continue;
		elf_symbols_free(module->symbols);
		module->symbols = NULL;
		module->is_read = false;
	}
	modules->bytes = 0;
}

void modules_forget_if_large(struct modules *modules)
{
	if (modules->bytes > SYMBOL_BYTES_MAX)
		forget_symbols(modules);
}

void modules_forget(struct modules *modules)
{
	forget_symbols(modules);
	for (unsigned int i = 0; modules->slots && i < SLOTS; i++) {
		if (modules->slots[i])
			free((char *)modules->slots[i]->path);
		free(modules->slots[i]);
	}
	free(modules->slots);
	*modules = (struct modules){0};
}

void module_grew(struct modules *modules, struct module *module, size_t bytes)
{
	module->symbols->bytes += bytes;
	modules->bytes += bytes;
}

/* Of these, a read waits for this host alone. */
static bool is_local(const char *type)
{
	static const char *const types[] = {"overlay",	"tmpfs", "btrfs", "zfs",
					    "bcachefs", "ramfs", "rootfs"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* By proc_pid_mountinfo(5): what is mounted from the device, there. */
static bool is_local_mount(const char *mounts, uint64_t device)
{
	FILE *file = fopen(mounts, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0) {
		const char *behind = strstr(line, " - ");
		unsigned int major_number;
		unsigned int minor_number;
		char type[32];

		found = behind &&
			sscanf(line, "%*u %*u %u:%u", &major_number,
			       &minor_number) == 2 &&
			makedev(major_number, minor_number) == device &&
			sscanf(behind, " - %31s", type) == 1 && is_local(type);
	}
	free(line);
	fclose(file);
	return found;
}

/*
 * A file that some other program or host serves can keep its reader waiting
 * for ever. Those on a disk can't.
 */
static bool may_be_read(uint64_t device, uint32_t pid)
{
	char mounts[64];

	if (major(device) != 0)
		return true;
	snprintf(mounts, sizeof(mounts), "/proc/%u/mountinfo", pid);
	return is_local_mount(mounts, device) ||
	       is_local_mount("/proc/self/mountinfo", device);
}

/*
 * Is it the file that is mapped? Some file systems (overlay, btrfs) tell
 * stat(2) another device than they tell of what is mapped.
 */
static bool is_file_of(int fd, const struct module *module)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_ino == module->inode &&
	       (status.st_dev == module->device || major(status.st_dev) == 0);
}

/* To the file itself, without opening it: it could be a device by now. */
static int find_file(const struct module *module, uint32_t pid, uint64_t start,
		     uint64_t end)
{
	char path[64 + 4096];

	for (int way = 0; way < 3; way++) {
		int size;
		int fd;

		switch (way) {
		case 0: /* also of a file that was deleted */
			size = snprintf(path, sizeof(path),
					"/proc/%u/map_files/%lx-%lx", pid,
					(unsigned long)start,
					(unsigned long)end);
			break;
		case 1: /* as a process in a container sees it */
			size = snprintf(path, sizeof(path), "/proc/%u/root/%s",
					pid, module->path);
			break;
		default: /* the process has ended */
			size = snprintf(path, sizeof(path), "%s", module->path);
		}
		if (size >= (int)sizeof(path))
			continue;
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd >= 0 && is_file_of(fd, module))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int open_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static int64_t time_of_change(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return 0;
	return (int64_t)status.st_mtim.tv_sec * 1000000000 +
	       status.st_mtim.tv_nsec;
}

static void read_again(struct modules *modules, struct module *module, int fd)
{
	int readable = open_again(fd);

	if (module->symbols)
		modules->bytes -= module->symbols->bytes;
	elf_symbols_free(module->symbols);
	module->symbols = NULL;
	if (readable < 0)
		return;
	module->symbols = elf_symbols_read(readable);
	if (module->symbols)
		modules->bytes += module->symbols->bytes;
	close(readable);
}

void module_read(struct modules *modules, struct module *module, uint32_t pid,
		 uint64_t start, uint64_t end)
{
	int64_t changed;
	int fd;

	module->is_read = true;
	if (module->inode == 0 || !may_be_read(module->device, pid))
		return;
	fd = find_file(module, pid, start, end);
	if (fd < 0)
		return;
	changed = time_of_change(fd);
	if (!module->symbols || module->changed != changed)
		read_again(modules, module, fd);
	module->changed = changed;
	close(fd);
}
