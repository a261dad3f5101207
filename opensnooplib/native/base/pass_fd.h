/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that are passed to another process, with a message, through a
 * Unix socket: SCM_RIGHTS of unix(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The most descriptors that are sent with one message. */
#define PASSED_FDS_MAX 2

/* Send a message with descriptors, which stay the caller's. */
bool send_with_fds(int socket, const void *message, size_t size, const int *fds,
		   unsigned int count);

/*
 * Receive a message: its size, or at most 0 if there is none. *fd is the
 * descriptor that came with it, or -1.
 */
ssize_t receive_with_fd(int socket, void *message, size_t size, int *fd);
