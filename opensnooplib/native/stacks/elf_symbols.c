// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* pread with 64-bit offsets */
#include "stacks/elf_symbols.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Limits that no real program reaches: no symbols of a larger one are read. */
#define SECTIONS_MAX	8192
#define TABLE_BYTES_MAX (16 * 1024 * 1024)

/* A file that is being read, and its header. */
struct file {
	int fd;
	bool is_32_bit;
	Elf64_Ehdr header;
};

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	unsigned char *at = to;

	while (size > 0) {
		ssize_t got = offset <= INT64_MAX
				      ? pread(fd, at, size, (off_t)offset)
				      : -1;

		if (got <= 0)
			return false; /* the file is shorter than it says */
		at += got;
		size -= (size_t)got;
		offset += (uint64_t)got;
	}
	return true;
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
	const uint16_t one = 1;
	const unsigned char order =
		*(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
	Elf64_Ehdr *header = &file->header;
	Elf32_Ehdr narrow;

	if (!read_at(file->fd, header->e_ident, EI_NIDENT, 0) ||
	    memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_DATA] != order)
		return false;
	file->is_32_bit = header->e_ident[EI_CLASS] == ELFCLASS32;
	if (!file->is_32_bit)
		return header->e_ident[EI_CLASS] == ELFCLASS64 &&
		       read_at(file->fd, header, sizeof(*header), 0) &&
		       header->e_phentsize == sizeof(Elf64_Phdr) &&
		       header->e_shentsize == sizeof(Elf64_Shdr);

	if (!read_at(file->fd, &narrow, sizeof(narrow), 0))
		return false;
	header->e_phoff = narrow.e_phoff;
	header->e_phnum = narrow.e_phnum;
	header->e_shoff = narrow.e_shoff;
	header->e_shnum = narrow.e_shnum;
	return narrow.e_phentsize == sizeof(Elf32_Phdr) &&
	       narrow.e_shentsize == sizeof(Elf32_Shdr);
}

static void keep_segment(struct elf_symbols *symbols, const Elf64_Phdr *header)
{
	if (header->p_type == PT_LOAD &&
	    symbols->segment_count < ELF_SEGMENTS_MAX)
		symbols->segments[symbols->segment_count++] =
			(struct elf_segment){
				.offset = header->p_offset,
				.address = header->p_vaddr,
				.size = header->p_filesz,
			};
}

static bool read_segments(struct elf_symbols *symbols, const struct file *file)
{
	size_t count = file->header.e_phnum;
	size_t size = file->is_32_bit ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	void *table = read_table(file->fd, file->header.e_phoff, count * size);

	if (!table)
		return false;
	for (size_t i = 0; i < count; i++) {
		const Elf32_Phdr *narrow = (const Elf32_Phdr *)table + i;
		Elf64_Phdr header = {0};

		if (file->is_32_bit) {
			header.p_type = narrow->p_type;
			header.p_offset = narrow->p_offset;
			header.p_vaddr = narrow->p_vaddr;
			header.p_filesz = narrow->p_filesz;
		} else {
			header = ((const Elf64_Phdr *)table)[i];
		}
		keep_segment(symbols, &header);
	}
	free(table);
	return true;
}

static Elf64_Shdr section_at(const struct file *file, const void *table,
			     size_t index)
{
	const Elf32_Shdr *narrow = (const Elf32_Shdr *)table + index;
	Elf64_Shdr section = {0};

	if (!file->is_32_bit)
		return ((const Elf64_Shdr *)table)[index];
	section.sh_type = narrow->sh_type;
	section.sh_offset = narrow->sh_offset;
	section.sh_size = narrow->sh_size;
	section.sh_link = narrow->sh_link;
	section.sh_entsize = narrow->sh_entsize;
	return section;
}

static Elf64_Sym symbol_at(const struct file *file, const void *table,
			   size_t index)
{
	const Elf32_Sym *narrow = (const Elf32_Sym *)table + index;
	Elf64_Sym symbol = {0};

	if (!file->is_32_bit)
		return ((const Elf64_Sym *)table)[index];
	symbol.st_name = narrow->st_name;
	symbol.st_info = narrow->st_info;
	symbol.st_shndx = narrow->st_shndx;
	symbol.st_value = narrow->st_value;
	symbol.st_size = narrow->st_size;
	return symbol;
}

/* .symtab, or .dynsym of a stripped file: .symtab has all of .dynsym's symbols.
 */
static bool find_symbol_table(const struct file *file, const void *sections,
			      Elf64_Shdr *found)
{
	const uint32_t wanted[] = {SHT_SYMTAB, SHT_DYNSYM};

	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < file->header.e_shnum; i++) {
			*found = section_at(file, sections, i);
			if (found->sh_type == wanted[kind])
				return found->sh_link < file->header.e_shnum;
		}
	}
	return false;
}

static bool is_function(const Elf64_Sym *symbol, size_t names_size)
{
	unsigned char type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_name > 0 &&
	       symbol->st_name < names_size;
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

/* Order: by address, and then the name that a program would use goes first. */
static int compare(const void *one, const void *other)
{
	const struct elf_symbol *a = one;
	const struct elf_symbol *b = other;
	size_t underscores_a = leading_underscores(a->name);
	size_t underscores_b = leading_underscores(b->name);

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (underscores_a != underscores_b)
		return underscores_a < underscores_b ? -1 : 1;
	return strncmp(a->name, b->name, COMPARED_BYTES);
}

static void keep_first_of_each_address(struct elf_symbols *symbols)
{
	struct elf_symbol *all;
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++)
		if (kept == 0 ||
		    symbols->all[kept - 1].start != symbols->all[i].start)
			symbols->all[kept++] = symbols->all[i];
	symbols->count = kept;
	all = realloc(symbols->all, (kept + !kept) * sizeof(*all));
	if (all)
		symbols->all = all;
}

static void keep_functions(struct elf_symbols *symbols, const struct file *file,
			   const void *table, size_t count, size_t names_size)
{
	for (size_t i = 0; i < count; i++) {
		Elf64_Sym symbol = symbol_at(file, table, i);

		if (is_function(&symbol, names_size))
			symbols->all[symbols->count++] = (struct elf_symbol){
				.start = symbol.st_value,
				.size = symbol.st_size,
				.name = symbols->names + symbol.st_name,
			};
	}
	if (symbols->count > 0)
		qsort(symbols->all, symbols->count, sizeof(*symbols->all),
		      compare);
	keep_first_of_each_address(symbols);
}

static bool read_functions(struct elf_symbols *symbols, const struct file *file,
			   const Elf64_Shdr *section, const Elf64_Shdr *names)
{
	size_t size = file->is_32_bit ? sizeof(Elf32_Sym) : sizeof(Elf64_Sym);
	size_t count = section->sh_size / size;
	void *table = NULL;
	bool done;

	if (section->sh_entsize == size)
		table = read_table(file->fd, section->sh_offset, count * size);
	symbols->names = read_table(file->fd, names->sh_offset, names->sh_size);
	symbols->all = table ? calloc(count, sizeof(*symbols->all)) : NULL;
	done = symbols->names && symbols->all;
	if (done) {
		symbols->names[names->sh_size - 1] = '\0';
		keep_functions(symbols, file, table, count, names->sh_size);
		symbols->bytes +=
			symbols->count * sizeof(*symbols->all) + names->sh_size;
	}
	free(table);
	return done;
}

static bool read_symbols(struct elf_symbols *symbols, const struct file *file)
{
	size_t size = file->is_32_bit ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);
	size_t count = file->header.e_shnum;
	Elf64_Shdr section;
	Elf64_Shdr names;
	void *sections;
	bool done = true;

	if (count == 0)
		return true;
	if (count > SECTIONS_MAX)
		return false;
	sections = read_table(file->fd, file->header.e_shoff, count * size);
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
	if (!symbols)
		return NULL;
	symbols->bytes = sizeof(*symbols);
	if (read_segments(symbols, &file) && read_symbols(symbols, &file))
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
