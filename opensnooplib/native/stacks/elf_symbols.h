/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF symbols: the functions of an ELF file, by address; see elf(5).
 *
 * A process that is traced can map any file, so nothing in it is trusted: each
 * size is checked, and a table that is too large is not read.
 */
#ifndef OPENSNOOP_ELF_SYMBOLS_H
#define OPENSNOOP_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbol {
	uint64_t start; /* address, as the file has it */
	uint64_t size;	/* bytes; 0: up to the next function */
	const char *name;
};

/* A part of the file that is loaded: PT_LOAD. All in bytes. */
struct elf_segment {
	uint64_t offset; /* in the file */
	uint64_t address;
	uint64_t size;
};

/* More are passed over. */
#define ELF_SEGMENTS_MAX 64

struct elf_symbols {
	struct elf_symbol *all; /* in order of addresses: compare() */
	size_t count;
	char *names;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	size_t segment_count;
	size_t bytes; /* of memory that this takes */
};

/*
 * Read the functions of the regular file `fd`. NULL: it is no ELF file, or a
 * big-endian one, is inconsistent or too large, or there is no memory. A file
 * that names no functions has a count of 0.
 */
struct elf_symbols *elf_symbols_read(int fd);
void elf_symbols_free(struct elf_symbols *symbols);

/*
 * The function that contains the byte at `offset` of the file, and how far into
 * it the byte is. NULL if none does.
 */
const struct elf_symbol *elf_symbols_find(const struct elf_symbols *symbols,
					  uint64_t offset, uint64_t *into);

#endif
