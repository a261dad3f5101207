/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols of files that processes have mapped, as many as there is room
 * for: those that weren't asked for longest are forgotten first. In a helper.
 */
#ifndef OPENSNOOP_SYMBOL_TABLES_H
#define OPENSNOOP_SYMBOL_TABLES_H

#include <stdbool.h>

#include "stacks/elf_symbols.h"
#include "stacks/mapped_file.h"

#define SYMBOL_TABLES_MAX 512

struct symbol_table {
	uint64_t device;
	uint64_t inode;
	char *path;
	int64_t changed;	     /* when the file was, in ns */
	uint64_t used;		     /* counts up */
	struct elf_symbols *symbols; /* NULL: they can't be had */
};

struct symbol_tables {
	struct symbol_table all[SYMBOL_TABLES_MAX];
	unsigned int count;
	size_t bytes; /* of all symbols */
	uint64_t uses;
	unsigned int reads; /* of files, so far */
};

/*
 * The file's table, which is read where it isn't there; also, if `looks`,
 * where the file has changed since. NULL without memory. It is valid until the
 * next call.
 */
const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool looks);

#endif
