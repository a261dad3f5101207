// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "calibration.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring_of_one.h"

int calibration_open(const char *call, const char *path)
{
	struct open_how how = {.flags = O_RDONLY};
	long fd = -1;

	if (strcmp(call, "io_uring") == 0)
		return open_through_ring(path);
	errno = ENOSYS;
#ifdef SYS_open
	if (strcmp(call, "open") == 0)
		fd = syscall(SYS_open, path, O_RDONLY, 0);
#endif
#ifdef SYS_creat
	if (strcmp(call, "creat") == 0)
		fd = syscall(SYS_creat, path, 0600);
#endif
	if (strcmp(call, "openat") == 0)
		fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
#ifdef __NR_openat2 /* glibc before 2.32 has no SYS_openat2 */
	if (strcmp(call, "openat2") == 0)
		fd = syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof(how));
#endif
	return fd < 0 ? -errno : (int)fd;
}
