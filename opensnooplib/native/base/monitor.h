/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitor: the child that keeps the privileges that a trace gives up. This is
 * how C asks it; base/monitor.py is the child.
 */
#pragma once

/* The most bytes of a request, and of an answer. */
#define MONITOR_TEXT_MAX 8192

/* Ask through this socket from now on, and close the one before; 0: none. */
void monitor_connect(int connection);

/*
 * Ask for a function of the monitor's, by name, with numbers behind it, and
 * with descriptors, which stay the caller's. `text` then has the numbers that
 * it returned. Returns the descriptor that came with them, or 0; or a negative
 * errno: the function's, -EPERM if there is no monitor, -EPIPE if it has ended,
 * or doesn't answer.
 */
int monitor_ask(char text[MONITOR_TEXT_MAX], const int *fds,
		unsigned int fd_count);
