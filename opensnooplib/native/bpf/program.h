/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF programs that are loaded: their code, and how often they were skipped.
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
 * The code that the kernel runs, and its table of lines (struct bpf_line_info).
 * Sizes are in bytes. The caller sets them to those of the buffers; then they
 * are those of the code and the table, which may be larger. btf_id is 0 if
 * there are no lines.
 */
struct program_code {
	void *code;
	void *lines;
	uint32_t code_size;
	uint32_t lines_size;
	uint32_t btf_id;
};

/* Returns 0 or a negative errno. */
int program_get_code(int program_fd, struct program_code *code);

/* The BTF with this id. Returns a descriptor or a negative errno. */
int btf_open(uint32_t btf_id);

/*
 * Read BTF into `data`. Returns the size that it has, which may be larger than
 * `size`, or a negative errno.
 */
int btf_get_data(int btf_fd, void *data, uint32_t size);

#endif
