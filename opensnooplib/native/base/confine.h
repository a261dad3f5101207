/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement: a process that reads what strangers wrote gives up, for good,
 * all rights that reading and writing open descriptors doesn't need.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was given up. */
enum confined {
	CONFINED_USER = 1,	   /* it has the user ID that it asked for */
	CONFINED_CAPABILITIES = 2, /* it has no others, nor gets them by exec */
	CONFINED_SYSCALLS = 4,	   /* it can open, run, connect to nothing */
};

/* The most system calls that a process may keep. */
#define CONFINED_CALLS_MAX 100

/*
 * Confine this process, with all its threads, to `user` (also as its group; 0:
 * it stays who it is), to the capabilities whose bits are in `kept`, and to the
 * system calls whose numbers are in `calls`, as the machine's own architecture
 * has them (a count of 0: all), and with `reads_files` to openat(2), but not
 * for writing. Of clone(2), only threads are left. Returns bits of enum
 * confined: what the kernel, or a container, refuses is left out.
 */
int confine(uint32_t user, uint64_t kept, const unsigned int *calls,
	    size_t count, bool reads_files);
