// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strdup */
#include "stacks/symbol_tables.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Memory for all symbols: those of three very large files, or of hundreds. */
#define SYMBOL_BYTES_MAX (128 * 1024 * 1024)

static struct symbol_table *find(struct symbol_tables *tables,
				 const struct mapped_file *file)
{
	for (unsigned int i = 0; i < tables->count; i++) {
		struct symbol_table *table = &tables->all[i];

		if (table->inode == file->inode &&
		    table->device == file->device &&
		    strcmp(table->path, file->path) == 0)
			return table;
	}
	return NULL;
}

static void forget_symbols(struct symbol_tables *tables,
			   struct symbol_table *table)
{
	if (table->symbols)
		tables->bytes -= table->symbols->bytes;
	elf_symbols_free(table->symbols);
	table->symbols = NULL;
}

/* Free the table that was used least recently. */
static void forget_one(struct symbol_tables *tables)
{
	struct symbol_table *oldest = &tables->all[0];

	for (unsigned int i = 1; i < tables->count; i++)
		if (tables->all[i].used < oldest->used)
			oldest = &tables->all[i];
	forget_symbols(tables, oldest);
	free(oldest->path);
	*oldest = tables->all[--tables->count];
}

static struct symbol_table *add(struct symbol_tables *tables,
				const struct mapped_file *file)
{
	char *path = strdup(file->path);
	struct symbol_table *table;

	if (!path)
		return NULL;
	while (tables->count == SYMBOL_TABLES_MAX ||
	       (tables->count > 0 && tables->bytes > SYMBOL_BYTES_MAX))
		forget_one(tables);
	table = &tables->all[tables->count++];
	*table = (struct symbol_table){
		.device = file->device,
		.inode = file->inode,
		.path = path,
	};
	return table;
}

static void read_symbols(struct symbol_tables *tables,
			 struct symbol_table *table, int fd)
{
	int readable = mapped_file_open(fd);

	forget_symbols(tables, table);
	if (readable < 0)
		return;
	tables->reads++;
	table->symbols = elf_symbols_read(readable);
	if (table->symbols)
		tables->bytes += table->symbols->bytes;
	close(readable);
}

/* Read the symbols if the file has changed. A file that is gone keeps them. */
static void check(struct symbol_tables *tables, struct symbol_table *table,
		  const struct mapped_file *file)
{
	int64_t changed;
	int fd = mapped_file_find(file);

	if (fd < 0)
		return;
	changed = mapped_file_changed(fd);
	if (!table->symbols || table->changed != changed)
		read_symbols(tables, table, fd);
	table->changed = changed;
	close(fd);
}

const struct symbol_table *symbol_table_of(struct symbol_tables *tables,
					   const struct mapped_file *file,
					   bool recheck)
{
	struct symbol_table *table = find(tables, file);

	if (!table) {
		table = add(tables, file);
		recheck = true;
	}
	if (!table)
		return NULL;
	table->used = ++tables->uses;
	if (recheck)
		check(tables, table, file);
	return table;
}
