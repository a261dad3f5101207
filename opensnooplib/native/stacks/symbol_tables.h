/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables of files that processes have mapped: as many as there is room
 * for; those that were used least recently are freed first. They are kept in a
 * helper.
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
	int64_t changed;	     /* the file's modification time, in ns */
	uint64_t used;		     /* value of `uses` at the last use */
	struct elf_symbols *symbols; /* NULL: they can't be read */
};

struct symbol_tables {
	struct symbol_table all[SYMBOL_TABLES_MAX];
	unsigned int count;
	size_t bytes; /* of all symbols */
	uint64_t uses;
	unsigned int reads; /* of files */
};

/*
 * The file's symbol table, valid until the next call; NULL without memory. It
 * is read the first time, and, if `recheck`, when the file has changed since.
 */
const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool recheck);

#endif
