/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers: the function and the file of an address on a user stack.
 */
#pragma once

#include "stacks/mappings.h"

/* The most characters of a module's path, and of all. */
#define CALLER_PATH_BOUND 1024
#define CALLER_BOUND	  (SCOUT_TEXT_BOUND + CALLER_PATH_BOUND + 64)

struct callers {
	struct mappings mappings;
	struct hash_map functions; /* as far as they were asked for before */
	struct helper scout;
	char text[CALLER_BOUND];
};

/*
 * Follow all processes on the CPUs of these rings. Returns 0 or a negative
 * errno.
 */
int callers_open(struct callers **callers, const struct ring *rings,
		 unsigned int ring_count, struct helpers *helpers);
void callers_close(struct callers *callers);

/*
 * The function and the file at `address` in the process `pid` at `ts`; returns
 * what mappings_find() does. `returns`: it is a return address, which may lie
 * just after the function's end. *text is untrusted, and valid until the next
 * call:
 *
 *	open64+0x72 (/usr/lib/x86_64-linux-gnu/libc.so.6)
 *	main+0x12 prog.c:12 (/usr/bin/prog)	with debug information
 *	0x55d0c0de1234 (/usr/bin/stripped+0x1234)	function unknown
 *	0x7f0000000000 (no code there)			nothing mapped
 *	0x55d0c0de1234 (mappings unknown)		see mappings.h
 */
enum mapped caller_text(struct callers *callers, uint32_t pid, uint64_t ts,
			uint64_t address, bool returns, struct text *text);
