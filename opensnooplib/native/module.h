/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules: files that are mapped as code, and the names of their functions.
 */
#ifndef OPENSNOOP_MODULE_H
#define OPENSNOOP_MODULE_H

#include "elf_symbols.h"

struct module {
	uint64_t device;  /* as makedev(3) makes it */
	uint64_t inode;	  /* 0: it is no file */
	const char *path; /* as its process sees it; "[vdso]", "//anon" */
	bool is_read;	  /* or it was tried */
	struct elf_symbols *symbols; /* NULL: they can't be had */
	int64_t changed;	     /* when the file was, in ns */
};

struct modules {
	struct module **slots; /* a hash table; NULL before the first one */
	unsigned int used;
	size_t bytes; /* of all symbols */
};

/* The one module of that file; where there is no room, "too many files". */
struct module *module_of(struct modules *modules, uint64_t device,
			 uint64_t inode, const char *path);
void modules_forget(struct modules *modules);

bool modules_are_full(const struct modules *modules);

/* Where all symbols take too much memory: forget them, to be read again. */
void modules_forget_if_large(struct modules *modules);

/* Something that takes so many bytes was put to its symbols. */
void module_grew(struct modules *modules, struct module *module, size_t bytes);

/*
 * Read its symbols, if that wasn't done or the file has changed. It is mapped
 * from `start` to `end` by the process `pid`.
 */
void module_read(struct modules *modules, struct module *module, uint32_t pid,
		 uint64_t start, uint64_t end);

#endif
