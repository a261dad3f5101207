/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules: files that are mapped as code.
 */
#ifndef OPENSNOOP_MAPPED_MODULE_H
#define OPENSNOOP_MAPPED_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* After so many questions about a file without an answer, none is asked. */
#define MODULE_FAILURES_MAX 2

struct module {
	uint64_t device;  /* as makedev(3) makes it */
	uint64_t inode;	  /* 0: it is no file */
	const char *path; /* as its process sees it; "[vdso]", "//anon" */
	uint32_t id;	  /* no other has ever had it */
	uint32_t failures;
	int64_t changed; /* when the file was, as far as is known; in ns */
};

struct modules {
	struct module **slots; /* a hash table; NULL before the first one */
	unsigned int used;
	uint32_t last_id;
};

/* The one module of that file; where there is no room, "too many files". */
struct module *module_of(struct modules *modules, uint64_t device,
			 uint64_t inode, const char *path);
void modules_forget(struct modules *modules);

bool modules_are_full(const struct modules *modules);

#endif
