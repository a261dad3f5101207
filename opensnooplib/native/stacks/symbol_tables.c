// SPDX-License-Identifier: Apache-2.0
#include "stacks/symbol_tables.h"

#include <unistd.h>

/* Tables, and memory for all: that of three very large files, or of hundreds.
 */
#define SYMBOL_TABLES_MAX 512
#define SYMBOL_BYTES_MAX  (128 * 1024 * 1024)

static void free_table(void *table)
{
	elf_symbols_free(((struct symbol_table *)table)->symbols);
}

void symbol_tables_clear(struct symbol_tables *tables)
{
	hash_map_clear(&tables->all, free_table);
	tables->bytes = 0;
}

static struct symbol_table *add(struct symbol_tables *tables, uint32_t module)
{
	if (tables->all.count >= SYMBOL_TABLES_MAX ||
	    tables->bytes > SYMBOL_BYTES_MAX)
		symbol_tables_clear(tables);
	return hash_map_add(&tables->all, &module, sizeof(module),
			    sizeof(struct symbol_table));
}

static void read_symbols(struct symbol_tables *tables,
			 struct symbol_table *table, int fd)
{
	if (table->symbols)
		tables->bytes -= table->symbols->bytes;
	elf_symbols_free(table->symbols);
	table->symbols = elf_symbols_read(fd);
	if (table->symbols)
		tables->bytes += table->symbols->bytes;
	tables->reads++;
}

/* Read the symbols if the file has changed. A file that is gone keeps them. */
static void check(struct symbol_tables *tables, struct symbol_table *table,
		  const struct mapped_file *file)
{
	int64_t changed;
	int fd = mapped_file_open(file, &changed);

	if (fd < 0)
		return;
	if (!table->symbols || table->changed != changed)
		read_symbols(tables, table, fd);
	table->changed = changed;
	close(fd);
}

const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool recheck)
{
	struct symbol_table *table = hash_map_find(&tables->all, &file->module,
						   sizeof(file->module));

	if (!table) {
		table = add(tables, file->module);
		recheck = true;
	}
	if (table && recheck)
		check(tables, table, file);
	return table;
}
