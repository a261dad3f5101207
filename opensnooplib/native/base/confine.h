/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement: a process that reads what strangers wrote gives up, for good,
 * all rights that reading and writing open descriptors doesn't need.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What was given up. */
enum confined {
	CONFINED_USER = 1,	   /* it has the user ID that it asked for */
	CONFINED_CAPABILITIES = 2, /* it has no others, nor gets them by exec */
	CONFINED_SYSCALLS = 4,	   /* it can open, run, connect to nothing */
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* A call that is left where an argument, of 32 bits, has one of some values. */
struct confined_argument {
	unsigned int call;     /* the number of the system call */
	unsigned int argument; /* its index, from 0 on */
	uint32_t mask;	       /* of the bits that count */
	unsigned int count;
	uint32_t values[12];
};

#define ONE_OF(call, argument, ...)                                            \
	{                                                                      \
		call, argument, UINT32_MAX,                                    \
			LENGTH(((uint32_t[]){__VA_ARGS__})),                   \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}

/* What is left: system calls of the machine's own architecture. */
struct confined_calls {
	const unsigned int *calls; /* by their numbers; all arguments */
	size_t count;
	const struct confined_argument *arguments;
	size_t argument_count;
};

#define CONFINED_CALLS_MAX     100
#define CONFINED_ARGUMENTS_MAX 12

/*
 * Confine this process, before it has threads: to `user` (also as its group; 0:
 * it stays who it is), to the capabilities whose bits are in `kept`, and to the
 * system calls that are left (NULL: all). Returns bits of enum confined: what
 * the kernel, or a container, refuses is left out.
 */
int confine(uint32_t user, uint64_t kept, const struct confined_calls *left);

/* The rule for openat(2) of a process that may only read files. */
#define ONLY_TO_READ                                                           \
	{                                                                      \
		__NR_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, 1,              \
		{                                                              \
			O_RDONLY                                               \
		}                                                              \
	}
