/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that have a name in C: errors, flags of open(2), enums.
 */
#ifndef OPENSNOOP_NUMBER_NAMES_H
#define OPENSNOOP_NUMBER_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct symbol {
	int64_t value;
	const char *name;
};

/* NULL where none has that value. */
const char *symbol_name(const struct symbol *symbols, uint32_t count,
			int64_t value);

/* "ENOENT"; NULL for a number that is no error of errno(3) or the kernel. */
const char *errno_name(int64_t number);

/*
 * "O_RDWR|O_CREAT", and what has no name as one hex number behind. Returns
 * the end; FLAG_NAMES_BOUND characters are enough.
 */
#define FLAG_NAMES_BOUND 300
char *put_flag_names(char *out, uint64_t flags);

#endif
