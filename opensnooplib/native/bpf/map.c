// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* syscall */
#include "bpf/map.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/monitor.h"

int array_set_fd(int map_fd, uint32_t index, int fd)
{
	char request[MONITOR_TEXT_MAX];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr)); /* GCC 15: = {0} may leave a part */
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)&index;
	attr.value = (uintptr_t)&fd;
	if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	snprintf(request, sizeof(request), "array_set_fd %u", index);
	return monitor_ask(request, (const int[]){map_fd, fd}, 2);
}
