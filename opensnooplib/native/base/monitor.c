// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "base/monitor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The most descriptors of a request: see base/monitor.py. */
#define FDS_MAX 2

/* To the monitor; 0: there is none. */
static int monitor;

/* A message of one text, and descriptors. */
struct message {
	struct iovec text;
	struct msghdr header;
	_Alignas(
		struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

void monitor_connect(int connection)
{
	monitor = connection;
}

static void prepare(struct message *message, char *text, size_t size)
{
	*message = (struct message){
		.text = {.iov_base = text, .iov_len = size},
		.header = {.msg_iovlen = 1},
	};
	message->header.msg_iov = &message->text;
	message->header.msg_control = message->control;
}

static bool send_request(char *text, const int *fds, unsigned int fd_count)
{
	struct message message;
	struct cmsghdr *passed;

	prepare(&message, text, strlen(text));
	if (fd_count > 0) {
		message.header.msg_controllen =
			CMSG_SPACE(fd_count * sizeof(int));
		passed = CMSG_FIRSTHDR(&message.header);
		passed->cmsg_level = SOL_SOCKET;
		passed->cmsg_type = SCM_RIGHTS;
		passed->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(passed), fds, fd_count * sizeof(int));
	}
	return sendmsg(monitor, &message.header, MSG_NOSIGNAL) > 0;
}

/* The descriptor that came, or 0; -1: no answer came. */
static int receive_answer(char *text)
{
	struct message message;
	struct cmsghdr *passed;
	ssize_t size;
	int fd = 0;

	prepare(&message, text, MONITOR_TEXT_MAX - 1);
	message.header.msg_controllen = sizeof(message.control);
	do
		size = recvmsg(monitor, &message.header, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size <= 0)
		return -1;
	text[size] = '\0';
	passed = CMSG_FIRSTHDR(&message.header);
	if (passed)
		memcpy(&fd, CMSG_DATA(passed), sizeof(fd));
	return fd;
}

int monitor_ask(char text[MONITOR_TEXT_MAX], const int *fds,
		unsigned int fd_count)
{
	char *numbers;
	long error;
	int fd;

	if (!monitor)
		return -EPERM;
	if (fd_count > FDS_MAX || !send_request(text, fds, fd_count))
		return -EPIPE;
	fd = receive_answer(text);
	if (fd < 0)
		return -EPIPE;
	error = strtol(text, &numbers, 10);
	memmove(text, numbers, strlen(numbers) + 1);
	return error ? (int)-error : fd;
}
