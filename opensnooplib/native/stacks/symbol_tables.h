/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables of files that processes have mapped: as many as there is room
 * for; then all are forgotten, and read again when needed. They are kept in a
 * helper.
 */
#ifndef OPENSNOOP_SYMBOL_TABLES_H
#define OPENSNOOP_SYMBOL_TABLES_H

#include <stdbool.h>

#include "base/hash_map.h"
#include "stacks/elf_symbols.h"
#include "stacks/mapped_file.h"

struct symbol_table {
	int64_t changed;	     /* the file's modification time, in ns */
	struct elf_symbols *symbols; /* NULL: they can't be read */
};

struct symbol_tables {
	struct hash_map all; /* by the id of the file's module */
	size_t bytes;	     /* of all symbols */
	unsigned int reads;  /* of files */
};

/*
 * The file's symbol table, valid until the next call; NULL without memory. It
 * is read the first time, and, if `recheck`, when the file has changed since.
 */
const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool recheck);

void symbol_tables_clear(struct symbol_tables *tables);

#endif
