/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little that the trace room asks of bpf(2).
 */
#ifndef OPENSNOOP_BPF_OBJECT_H
#define OPENSNOOP_BPF_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Put a descriptor into a slot of an array of such: a perf event into its
 * CPU's, or a cgroup.
 */
int array_set_fd(int map_fd, uint32_t slot, int fd);

/* A program array of `size` slots: its descriptor, or a negative errno. */
int slots_create(uint32_t size);

/* The same for an array of one u32, which is 0. */
int number_create(void);

/* Put a program into a slot; a negative descriptor empties it. */
int slots_set(int map_fd, uint32_t slot, int program_fd);

struct hash_count {
	uint64_t entries;
	uint64_t flagged;
};

/*
 * How many entries a hash map has, and in how many of their values one of the
 * `flag_size` bytes at `flag_offset` isn't 0 (all, if flag_size is 0).
 */
int hash_count(int map_fd, uint32_t key_size, uint32_t value_size,
	       uint32_t flag_offset, uint32_t flag_size,
	       struct hash_count *count);

/*
 * In a hash map from u32 to u64: 0, or a negative errno, such as -EEXIST and
 * -ENOENT.
 */
int map_insert(int map_fd, uint32_t key, uint64_t value);
int map_remove(int map_fd, uint32_t key);

/*
 * The keys of such a map, `capacity` of them at most: how many, or a negative
 * errno. Those that come or go meanwhile may be among them or not.
 */
int map_keys(int map_fd, uint32_t *keys, uint32_t capacity);

/*
 * The sum over all possible CPUs of one u64 in a per-CPU array. Returns 0, or
 * a negative errno.
 */
int percpu_array_sum(int map_fd, uint32_t index, unsigned int possible_cpus,
		     uint64_t *sum);

/*
 * How often the kernel skipped a program because another BPF program was
 * running on that CPU (recursion_misses; 0 before Linux 6.7, for fentry 5.12).
 */
int program_misses(int program_fd, uint64_t *misses);

/*
 * What the kernel runs, and its table of lines (struct bpf_line_info). Sizes
 * are in bytes: in, of the buffers; out, of what there is, which may be more.
 * btf_id is 0 where there are no lines.
 */
struct program_code {
	void *code;
	void *lines;
	uint32_t code_size;
	uint32_t lines_size;
	uint32_t btf_id;
};

int program_get_code(int program_fd, struct program_code *code);

/* The same for the BTF with that id: the size that it has, or an errno. */
int btf_get_data(uint32_t btf_id, void *data, uint32_t size);

struct map_shape {
	uint32_t type; /* enum bpf_map_type */
	uint32_t key_size;
	uint32_t value_size;
};

/* What is pinned at `path`: 0, or the negative errno of BPF_OBJ_GET. */
int pinned_map_shape(const char *path, struct map_shape *shape);

/*
 * Load a program that does nothing, and drop it: 0, or the negative errno of
 * the kernel's refusal. attach_btf_id is 0 for types without.
 */
int program_refusal(uint32_t type, uint32_t attach_type,
		    uint32_t attach_btf_id);

/*
 * Put a probe at the begin of `target`, and take it off: 0, or the negative
 * errno. `pmu` is "kprobe" for a function of the kernel's, or "uprobe" for a
 * file.
 */
int probe_refusal(const char *pmu, const char *target);

/*
 * Attach a program to the begin or the return of a function of the kernel's,
 * through fprobe: a descriptor of the link, or a negative errno. The program
 * must have been loaded for BPF_TRACE_KPROBE_MULTI.
 */
int kprobe_multi_attach(int program_fd, const char *function, bool at_return);

/* Do so with a program that does nothing: 0, or the negative errno. */
int kprobe_multi_refusal(const char *function);

#endif
