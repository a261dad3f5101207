/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of numbers that have one in C: errors, flags of open(2), enums.
 */
#ifndef OPENSNOOP_NUMBER_NAMES_H
#define OPENSNOOP_NUMBER_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct symbol {
	int64_t value;
	const char *name;
};

/* The name of the first symbol with this value; NULL: there is none. */
const char *symbol_name(const struct symbol *symbols, uint32_t count,
			int64_t value);

/* "ENOENT"; NULL if the number is no error of errno(3) or of the kernel. */
const char *errno_name(int64_t number);

/* The most characters that put_flag_names() writes. */
#define FLAG_NAMES_BOUND 300

/*
 * Write "O_RDWR|O_CREAT", and the bits that have no name as one hex number
 * behind it. Returns the end.
 */
char *put_flag_names(char *out, uint64_t flags);

#endif
