// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "base/pass_fd.h"

#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(PASSED_FDS_MAX * sizeof(int))];
};

bool send_with_fds(int socket, const void *message, size_t size, const int *fds,
		   unsigned int count)
{
	size_t bytes = count * sizeof(*fds);
	struct iovec content = {(void *)message, size};
	union control control = {{.cmsg_len = CMSG_LEN(bytes),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS}};
	struct msghdr header = {
		.msg_iov = &content,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = count > 0 ? CMSG_SPACE(bytes) : 0,
	};

	if (count > PASSED_FDS_MAX)
		return false;
	if (count > 0)
		memcpy(CMSG_DATA(&control.header), fds, bytes);
	return sendmsg(socket, &header, MSG_NOSIGNAL) == (ssize_t)size;
}

ssize_t receive_with_fd(int socket, void *message, size_t size, int *fd)
{
	struct iovec content = {message, size};
	union control control;
	struct msghdr header = {
		.msg_iov = &content,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t received = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (received >= 0 && CMSG_FIRSTHDR(&header))
		memcpy(fd, CMSG_DATA(&control.header), sizeof(*fd));
	return received;
}
