// SPDX-License-Identifier: Apache-2.0
/*
 * Code in a file that can be mapped, but not read:
 *
 *	slow_file FOLDER FILE [again]
 *
 * In a user namespace, which anybody can make, it mounts a file system that it
 * serves itself, and an overlay on top, whose files look like this host's own.
 * The server answers reads of the file's first page, and never those of later
 * ones. Says "ready", opens FILE from that page when its stdin ends, and waits
 * to be killed; with "again", it opens FILE 100 times in a second. Says "none"
 * where this host doesn't allow this.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME	  "slow.so"
#define PAGE	  4096
#define SIZE	  (64 * PAGE)
#define CODE	  0x200
#define TIMES_OUT 120 /* seconds after which it ends in any case */

/* The start of an ELF file whose sections are far behind. */
static unsigned char page[PAGE] =
	"\x7f"
	"ELF\2\1\1";

static void write_page(void)
{
	/* mov $2 (open), %eax; syscall; ret */
	const unsigned char code[] = {0xb8, 2, 0, 0, 0, 0x0f, 5, 0xc3};
	const uint64_t sections = 32 * PAGE;

	page[0x20] = 64; /* e_phoff */
	memcpy(page + 0x28, &sections, sizeof(sections));
	page[0x36] = 56; /* e_phentsize, e_phnum, e_shentsize, e_shnum */
	page[0x38] = 1;
	page[0x3a] = 64;
	page[0x3c] = 3;
	memcpy(page + CODE, code, sizeof(code));
}

static void answer(int device, const struct fuse_in_header *to, int error,
		   const void *body, size_t size)
{
	static unsigned char packet[sizeof(struct fuse_out_header) + SIZE];
	const struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size),
		.error = error,
		.unique = to->unique,
	};

	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), body, size);
	if (write(device, packet, header.len) < 0 && errno != ENOENT)
		perror("answer");
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr found = {
		.ino = node,
		.nlink = 1,
		.blksize = PAGE,
		.mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0755,
		.size = node == 1 ? 0 : SIZE,
	};

	return found;
}

static void serve_one(int device, const struct fuse_in_header *header)
{
	const void *body = header + 1;
	const struct fuse_read_in *read_in = body;
	const struct fuse_init_out init = {
		.major = 7,
		.minor = 31,
		.max_write = 65536,
		.max_background = 16,
		.congestion_threshold = 12,
		.time_gran = 1,
	};
	const struct fuse_attr_out attr = {
		.attr_valid = 1000,
		.attr = attributes(header->nodeid),
	};
	const struct fuse_entry_out entry = {
		.nodeid = 2,
		.generation = 1,
		.entry_valid = 1000,
		.attr_valid = 1000,
		.attr = attributes(2),
	};
	const struct fuse_open_out opened = {
		.fh = 1,
		.open_flags =
			header->opcode == FUSE_OPEN ? FOPEN_KEEP_CACHE : 0,
	};
	const struct fuse_statfs_out status = {
		.st = {.bsize = PAGE, .frsize = PAGE, .namelen = 255},
	};

	switch (header->opcode) {
	case FUSE_INIT:
		return answer(device, header, 0, &init, sizeof(init));
	case FUSE_GETATTR:
		return answer(device, header, 0, &attr, sizeof(attr));
	case FUSE_LOOKUP:
		if (strcmp(body, NAME) != 0)
			return answer(device, header, -ENOENT, "", 0);
		return answer(device, header, 0, &entry, sizeof(entry));
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return answer(device, header, 0, &opened, sizeof(opened));
	case FUSE_STATFS:
		return answer(device, header, 0, &status, sizeof(status));
	case FUSE_READ:
		if (read_in->offset == 0)
			answer(device, header, 0, page, PAGE);
		return;
	case FUSE_READDIR:
	case FUSE_RELEASE:
	case FUSE_FLUSH:
	case FUSE_RELEASEDIR:
		return answer(device, header, 0, "", 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		return answer(device, header, -ENOSYS, "", 0);
	}
}

/* Processes that wait for an answer continue when the server has ended. */
static void serve(int device)
{
	static _Alignas(8) unsigned char request[1 << 17];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(TIMES_OUT);
	for (;;)
		if (read(device, request, sizeof(request)) > 0)
			serve_one(device, (const void *)request);
		else if (errno != EINTR)
			_exit(0);
}

static void none(const char *why)
{
	perror(why);
	puts("none");
	exit(0);
}

static void write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		none(path);
	close(fd);
}

static void enter_namespaces(void)
{
	char line[64];
	unsigned int uid = getuid();
	unsigned int gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		none("unshare");
	write_line("/proc/self/setgroups", "deny");
	snprintf(line, sizeof(line), "0 %u 1", uid);
	write_line("/proc/self/uid_map", line);
	snprintf(line, sizeof(line), "0 %u 1", gid);
	write_line("/proc/self/gid_map", line);
}

static void mount_all(const char *folder)
{
	int device = open("/dev/fuse", O_RDWR);
	char options[64];

	if (device < 0)
		none("/dev/fuse");
	if (mount("none", folder, "tmpfs", 0, NULL) < 0)
		none("tmpfs");
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (chdir(folder) < 0 || mkdir("served", 0755) < 0 ||
	    mkdir("empty", 0755) < 0 || mkdir("overlay", 0755) < 0 ||
	    mount("none", "served", "fuse", 0, options) < 0)
		none("fuse");
	if (fork() == 0)
		serve(device);
	close(device);
	if (mount("none", "overlay", "overlay", 0, "lowerdir=served:empty") < 0)
		none("overlay");
}

int main(int argc, char **argv)
{
	long (*open_it)(const char *path, long flags, long mode);
	unsigned char *code;
	int fd;

	if (argc < 3)
		return 2;
#ifndef __x86_64__
	none("The code is for x86-64");
#endif
	alarm(TIMES_OUT);
	write_page();
	enter_namespaces();
	mount_all(argv[1]);
	fd = open("overlay/" NAME, O_RDONLY);
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED)
		none(NAME);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	open_it = (void *)(code + CODE);
	do {
		open_it(argv[2], O_RDONLY, 0);
		usleep(10000);
	} while (argc > 3);
	for (;;)
		pause();
}
