/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers: an address on a process's user stack, in words.
 */
#ifndef OPENSNOOP_CALLERS_H
#define OPENSNOOP_CALLERS_H

#include "stacks/demangler.h"
#include "stacks/mappings.h"
#include "stacks/known_places.h"

/* What of a function's name and of a module's path is shown at most. */
#define CALLER_NAME_BOUND 1024
#define CALLER_BOUND	  (2 * CALLER_NAME_BOUND + 64)

struct callers {
	struct mappings mappings;
	struct places places;
	struct helper demangler;
	char text[CALLER_BOUND];
};

/*
 * For processes on these CPUs; see mappings_open(). NULL where it fails, and
 * *error says why.
 */
struct callers *callers_open(const int *cpus, unsigned int cpu_count,
			     struct own_processes *own, int *error);
void callers_close(struct callers *callers);

/* The trace is to end: what isn't known by then has a second. */
void callers_hurry(struct callers *callers);

/* Is it known that the process had code there? Else as caller_text(). */
bool caller_has_code(struct callers *callers, uint32_t pid, uint64_t ts,
		     uint64_t address);

/*
 * Who is at `address` in the process `pid`, at `ts`; `returns` where it is an
 * address to return to, which may be behind the function's end. Anybody's
 * text, which is valid until the next call:
 *
 *	open64+0x72 (/usr/lib/x86_64-linux-gnu/libc.so.6)
 *	0x55d0c0de1234 (/usr/bin/stripped+0x1234)	no function is known
 *	0x7f0000000000 (no code there)			frame pointers mislead
 *	0x55d0c0de1234 (mappings unknown)		see mappings.h
 */
struct text caller_text(struct callers *callers, uint32_t pid, uint64_t ts,
			uint64_t address, bool returns);

#endif
