/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF functions: which function of an ELF file contains some byte of it, and in
 * which line of the source that is, where the file has debug information. libdw
 * reads the file.
 *
 * A process that is traced can map any file, so whoever reads it is to have
 * nothing to lose: see parser.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes of a build ID that are looked at; it mostly has 20. */
#define BUILD_ID_MAX 64

/* An ELF file that is open: libdwfl's. */
typedef struct Dwfl Dwfl;
typedef struct Dwfl_Module Dwfl_Module;

struct elf_file {
	Dwfl *dwfl;
	Dwfl_Module *module; /* NULL: it is no ELF file */
};

/*
 * Load libdw, so that later no file needs to be opened for it. Returns whether
 * it is there; without it, no file is an ELF file.
 */
bool libdw_load(void);

/* Open the file `fd`, which belongs to it from then on. */
void elf_file_open(struct elf_file *file, int fd);
void elf_file_close(struct elf_file *file);

/*
 * Write where the byte at `offset` of the file is: "main+0x12 prog.c:12", with
 * the name of a C++ function demangled. If it `returns`, it is the one behind a
 * call, and what calls is found. The line is only looked for if `with_line`:
 * that can take long. Nothing is written if the function isn't known.
 */
void elf_function_put(const struct elf_file *file, uint64_t offset,
		      bool returns, bool with_line, char *text, size_t size);

/*
 * Set by whoever opens files: opens the debug file of this build ID. Returns a
 * descriptor, or -1.
 */
extern int (*elf_open_debug_file)(const unsigned char *build_id, size_t size);
