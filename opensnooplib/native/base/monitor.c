// SPDX-License-Identifier: Apache-2.0
#include "base/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pass_fd.h"

/* To the monitor; 0: there is none; -1: it has ended. */
static int monitor;

void monitor_connect(int connection)
{
	if (monitor > 0)
		close(monitor);
	monitor = connection;
}

int monitor_ask(char text[MONITOR_TEXT_MAX], const int *fds,
		unsigned int fd_count)
{
	char *numbers;
	ssize_t size;
	long error;
	int fd;

	if (!monitor)
		return -EPERM;
	if (!send_with_fds(monitor, text, strlen(text), fds, fd_count))
		return -EPIPE;
	do
		size = receive_with_fd(monitor, text, MONITOR_TEXT_MAX - 1,
				       &fd);
	while (size < 0 && errno == EINTR);
	if (size <= 0) {
		/* Its answer may come later, but not for another request. */
		monitor_connect(-1);
		return -EPIPE;
	}
	text[size] = '\0';
	error = strtol(text, &numbers, 10);
	memmove(text, numbers, strlen(numbers) + 1);
	if (error)
		return (int)-error;
	return fd < 0 ? 0 : fd;
}
