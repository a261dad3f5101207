// SPDX-License-Identifier: Apache-2.0
#include "stacks/symbol_tables.h"

#include <unistd.h>

/* Tables, and memory for all: that of three very large files, or of hundreds.
 */
#define SYMBOL_TABLES_MAX 512
#define SYMBOL_BYTES_MAX  (128 * 1024 * 1024)

/* Read the symbols if the file has changed. A file that is gone keeps them. */
static void check(struct symbol_tables *tables, struct symbol_table *table,
		  const struct mapped_file *file)
{
	int64_t changed;
	int fd = mapped_file_open(file, &changed);

	if (fd < 0)
		return;
	if (!table->symbols || table->changed != changed) {
		elf_symbols_free(table->symbols);
		table->symbols = elf_symbols_read(fd);
		tables->bytes += table->symbols ? table->symbols->bytes : 0;
		tables->reads++;
	}
	table->changed = changed;
	close(fd);
}

const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool recheck)
{
	const uint64_t key = file->module;
	struct symbol_table *table =
		hash_map_find(&tables->all, &key, sizeof(key));

	if (!table) {
		table = hash_map_add(&tables->all, &key, sizeof(key),
				     sizeof(*table));
		recheck = true;
	}
	if (table && recheck)
		check(tables, table, file);
	return table;
}

bool symbol_tables_are_full(const struct symbol_tables *tables)
{
	return tables->all.count >= SYMBOL_TABLES_MAX ||
	       tables->bytes > SYMBOL_BYTES_MAX;
}
