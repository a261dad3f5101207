// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* pread with 64-bit offsets */
#include "stacks/elf_symbols.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A limit that no real program reaches: a larger table isn't read. */
#define TABLE_BYTES_MAX (16 * 1024 * 1024)

/* A file that is being read. */
struct file {
	int fd;
	bool is_32_bit;
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;
};

/* A field of the element at `index` of a table of Elf32_TYPE or Elf64_TYPE. */
#define FIELD(file, table, type, index, field)                                 \
	((file)->is_32_bit ? ((const Elf32_##type *)(table))[index].field      \
			   : ((const Elf64_##type *)(table))[index].field)
#define HEADER_FIELD(file, field) FIELD(file, &(file)->header, Ehdr, 0, field)
#define SIZE_OF(file, type)                                                    \
	((file)->is_32_bit ? sizeof(Elf32_##type) : sizeof(Elf64_##type))

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	/* Fewer bytes: the file is shorter than it says. */
	return pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* A table of the file. NULL: it can't be read, or is too large. */
static void *read_table(int fd, uint64_t offset, uint64_t size)
{
	void *table;

	if (size == 0 || size > TABLE_BYTES_MAX)
		return NULL;
	table = malloc(size);
	if (table && !read_at(fd, table, size, offset)) {
		free(table);
		return NULL;
	}
	return table;
}

static bool read_header(struct file *file)
{
	const unsigned char *ident = file->header.ident;

	/*
	 * With code in it, a 32-bit file is longer than this header too. Both
	 * x86-64 and arm64 are little-endian.
	 */
	if (!read_at(file->fd, &file->header, sizeof(file->header), 0) ||
	    memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    ident[EI_DATA] != ELFDATA2LSB)
		return false;
	file->is_32_bit = ident[EI_CLASS] == ELFCLASS32;
	return (file->is_32_bit || ident[EI_CLASS] == ELFCLASS64) &&
	       HEADER_FIELD(file, e_phentsize) == SIZE_OF(file, Phdr) &&
	       HEADER_FIELD(file, e_shentsize) == SIZE_OF(file, Shdr);
}

static bool read_segments(struct elf_symbols *symbols, const struct file *file)
{
	size_t count = HEADER_FIELD(file, e_phnum);
	void *table = read_table(file->fd, HEADER_FIELD(file, e_phoff),
				 count * SIZE_OF(file, Phdr));

	if (!table)
		return false;
	for (size_t i = 0;
	     i < count && symbols->segment_count < ELF_SEGMENTS_MAX; i++) {
		if (FIELD(file, table, Phdr, i, p_type) != PT_LOAD)
			continue;
		symbols->segments[symbols->segment_count++] =
			(struct elf_segment){
				.offset = FIELD(file, table, Phdr, i, p_offset),
				.address = FIELD(file, table, Phdr, i, p_vaddr),
				.size = FIELD(file, table, Phdr, i, p_filesz),
			};
	}
	free(table);
	return true;
}

static Elf64_Shdr section_at(const struct file *file, const void *table,
			     size_t index)
{
	return (Elf64_Shdr){
		.sh_type = FIELD(file, table, Shdr, index, sh_type),
		.sh_offset = FIELD(file, table, Shdr, index, sh_offset),
		.sh_size = FIELD(file, table, Shdr, index, sh_size),
		.sh_link = FIELD(file, table, Shdr, index, sh_link),
		.sh_entsize = FIELD(file, table, Shdr, index, sh_entsize),
	};
}

/* .symtab, or .dynsym of a stripped file: .symtab has all of .dynsym's symbols.
 */
static bool find_symbol_table(const struct file *file, const void *sections,
			      Elf64_Shdr *found)
{
	const uint32_t wanted[] = {SHT_SYMTAB, SHT_DYNSYM};
	size_t count = HEADER_FIELD(file, e_shnum);

	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < count; i++) {
			*found = section_at(file, sections, i);
			if (found->sh_type == wanted[kind])
				return found->sh_link < count;
		}
	}
	return false;
}

/* How much of two names is compared: names can be as long as the whole table.
 */
#define COMPARED_BYTES 64

static size_t leading_underscores(const char *name)
{
	size_t count = 0;

	while (count < COMPARED_BYTES && name[count] == '_')
		count++;
	return count;
}

/*
 * Order: by address, and then the name that a program would use comes last,
 * which is the one that elf_symbols_find() finds.
 */
static int compare(const void *one, const void *other)
{
	const struct elf_symbol *a = one;
	const struct elf_symbol *b = other;
	size_t underscores_a = leading_underscores(a->name);
	size_t underscores_b = leading_underscores(b->name);

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (underscores_a != underscores_b)
		return underscores_a > underscores_b ? -1 : 1;
	return strncmp(b->name, a->name, COMPARED_BYTES);
}

/* Keep the symbol at `index` of the table if it is a function. */
static void keep_function(struct elf_symbols *symbols, const struct file *file,
			  const void *table, size_t index, size_t names_size)
{
	uint32_t name = FIELD(file, table, Sym, index, st_name);
	/* The same for 32 bits. */
	unsigned char type =
		ELF64_ST_TYPE(FIELD(file, table, Sym, index, st_info));

	if ((type == STT_FUNC || type == STT_GNU_IFUNC) && name > 0 &&
	    name < names_size &&
	    FIELD(file, table, Sym, index, st_shndx) != SHN_UNDEF)
		symbols->all[symbols->count++] = (struct elf_symbol){
			.start = FIELD(file, table, Sym, index, st_value),
			.size = FIELD(file, table, Sym, index, st_size),
			.name = symbols->names + name,
		};
}

static bool read_functions(struct elf_symbols *symbols, const struct file *file,
			   const Elf64_Shdr *section, const Elf64_Shdr *names)
{
	size_t size = SIZE_OF(file, Sym);
	size_t count = section->sh_size / size;
	void *table = NULL;
	bool done;

	if (section->sh_entsize == size)
		table = read_table(file->fd, section->sh_offset, count * size);
	symbols->names = read_table(file->fd, names->sh_offset, names->sh_size);
	symbols->all = table ? calloc(count, sizeof(*symbols->all)) : NULL;
	done = symbols->names && symbols->all;
	if (done) {
		symbols->bytes = count * sizeof(*symbols->all) + names->sh_size;
		symbols->names[names->sh_size - 1] = '\0';
		for (size_t i = 0; i < count; i++)
			keep_function(symbols, file, table, i, names->sh_size);
		qsort(symbols->all, symbols->count, sizeof(*symbols->all),
		      compare);
	}
	free(table);
	return done;
}

static bool read_symbols(struct elf_symbols *symbols, const struct file *file)
{
	size_t count = HEADER_FIELD(file, e_shnum);
	Elf64_Shdr section;
	Elf64_Shdr names;
	void *sections;
	bool done = true;

	if (count == 0)
		return true;
	sections = read_table(file->fd, HEADER_FIELD(file, e_shoff),
			      count * SIZE_OF(file, Shdr));
	if (!sections)
		return false;
	if (find_symbol_table(file, sections, &section)) {
		names = section_at(file, sections, section.sh_link);
		done = read_functions(symbols, file, &section, &names);
	}
	free(sections);
	return done;
}

struct elf_symbols *elf_symbols_read(int fd)
{
	struct file file = {.fd = fd};
	struct elf_symbols *symbols;

	if (!read_header(&file))
		return NULL;
	symbols = calloc(1, sizeof(*symbols));
	if (symbols && read_segments(symbols, &file) &&
	    read_symbols(symbols, &file))
		return symbols;
	elf_symbols_free(symbols);
	return NULL;
}

void elf_symbols_free(struct elf_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->all);
	free(symbols->names);
	free(symbols);
}

/* The address at which the byte at `offset` of the file is loaded. */
static bool find_address(const struct elf_symbols *symbols, uint64_t offset,
			 uint64_t *address)
{
	for (size_t i = 0; i < symbols->segment_count; i++) {
		const struct elf_segment *segment = &symbols->segments[i];

		if (offset >= segment->offset &&
		    offset - segment->offset < segment->size) {
			*address = segment->address + offset - segment->offset;
			return true;
		}
	}
	return false;
}

const struct elf_symbol *elf_symbols_find(const struct elf_symbols *symbols,
					  uint64_t offset, uint64_t *into)
{
	const struct elf_symbol *symbol;
	size_t first = 0;
	size_t end = symbols->count;
	uint64_t address;

	if (!find_address(symbols, offset, &address))
		return NULL;
	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (symbols->all[middle].start <= address)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == 0)
		return NULL; /* the address is before the first function */
	symbol = &symbols->all[first - 1];
	*into = address - symbol->start;
	return symbol->size == 0 || *into < symbol->size ? symbol : NULL;
}
