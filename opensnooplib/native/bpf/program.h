/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF programs that are loaded: their BTF, and how often they were skipped.
 */
#ifndef OPENSNOOP_PROGRAM_H
#define OPENSNOOP_PROGRAM_H

#include <stdint.h>

/*
 * How often the kernel skipped the program because another BPF program was
 * running on that CPU: recursion_misses (0 before Linux 6.7; for fentry, before
 * 5.12). Returns 0 or a negative errno.
 */
int program_misses(int program_fd, uint64_t *misses);

/*
 * The id of the program's BTF, or 0 if it was loaded without; or a negative
 * errno.
 */
int program_btf_id(int program_fd);

/*
 * Read the BTF with this id into `data`. Returns the size that it has, which
 * may be larger than `size`, or a negative errno.
 */
int btf_get_data(uint32_t btf_id, void *data, uint32_t size);

#endif
