/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of an ELF file, by address: elf(5).
 *
 * Anybody's file can be mapped by a process that is traced, so nothing in it
 * is believed: each size is checked, and what is too large is not read.
 */
#ifndef OPENSNOOP_ELF_SYMBOLS_H
#define OPENSNOOP_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbol {
	uint64_t start; /* as the file numbers addresses */
	uint64_t size;	/* bytes; 0: up to the next one */
	const char *name;
};

/* What of the file is loaded where; all in bytes. */
struct elf_segment {
	uint64_t offset; /* in the file */
	uint64_t address;
	uint64_t size;
};

#define ELF_SEGMENTS_MAX 64

struct elf_symbols {
	struct elf_symbol *all; /* by address */
	size_t count;
	char *names;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	size_t segment_count;
	size_t bytes; /* of memory that this takes */
};

/*
 * Of the regular file `fd`. NULL where it is no ELF file of this machine's
 * byte order, says what makes no sense, is too large, or there is no memory.
 * One that names no functions has a count of 0.
 */
struct elf_symbols *elf_symbols_read(int fd);
void elf_symbols_free(struct elf_symbols *symbols);

/*
 * The function that holds the byte at `offset` of the file, and how far into
 * it the byte is. NULL where none does.
 */
const struct elf_symbol *elf_symbols_find(const struct elf_symbols *symbols,
					  uint64_t offset, uint64_t *into);

#endif
