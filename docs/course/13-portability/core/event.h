/* SPDX-License-Identifier: Apache-2.0 */
/* One open, as all three programs send it. */
#pragma once

struct event {
	unsigned int pid;
	unsigned int ppid;
	int ret; /* the descriptor, or minus an errno */
	char comm[16];
	char path[256];
};
