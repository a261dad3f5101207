/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules: files that are mapped as code.
 */
#pragma once

#include "base/hash_map.h"

/* After so many requests without an answer, a module's file is left alone. */
#define MODULE_FAILURES_MAX 2

struct module {
	uint64_t device; /* as of makedev(3) */
	uint64_t inode;	 /* 0: it is no file */
	uint32_t id;	 /* never used again */
	uint32_t failures;
	int64_t changed; /* the file's modification time, as last seen; in ns */
	char path[];	 /* as its process sees it; "[vdso]", "//anon" */
};

/* So many modules are told apart. */
#define MODULES_MAX 6144

struct modules {
	struct hash_map all; /* by device, inode and path */
	uint32_t last_id;
};

/* The module of this file; if there is no room, one called "too many files". */
struct module *module_of(struct modules *modules, uint64_t device,
			 uint64_t inode, const char *path);
