/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusal: why the kernel would not load or attach a program, found by trying
 * with one that does nothing.
 */
#ifndef OPENSNOOP_REFUSAL_H
#define OPENSNOOP_REFUSAL_H

#include <stdint.h>

/*
 * Load a program that does nothing, and drop it. attach_btf_id is 0 for types
 * of programs that need none. Returns 0, or the negative errno of the refusal.
 */
int program_refusal(uint32_t type, uint32_t attach_type,
		    uint32_t attach_btf_id);

/*
 * Put a probe at the beginning of `target`, and remove it. `pmu` is "kprobe"
 * for a function of the kernel, or "uprobe" for a file. Returns 0, or the
 * negative errno of the refusal.
 */
int probe_refusal(const char *pmu, const char *target);

/*
 * Attach a program that does nothing to the return of a function, through
 * fprobe, and detach it. Returns 0, or the negative errno of the refusal.
 */
int kprobe_multi_refusal(const char *function);

#endif
