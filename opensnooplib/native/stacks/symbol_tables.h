/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables of files that processes have mapped. A helper keeps them, until
 * there is no room for more: then the next helper begins with none.
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
	size_t bytes;	     /* of all symbols that were read */
	unsigned int reads;  /* of files */
};

/*
 * The file's symbol table, valid until the next call; NULL without memory. It
 * is read the first time, and, if `recheck`, when the file has changed since.
 */
const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool recheck);

bool symbol_tables_are_full(const struct symbol_tables *tables);

#endif
