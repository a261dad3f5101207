/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF maps: creating one, and reading or writing single entries.
 */
#ifndef OPENSNOOP_MAP_H
#define OPENSNOOP_MAP_H

#include <stdint.h>

/*
 * Put a descriptor into an array of descriptors: a perf event at the index of
 * its CPU, a cgroup, or a program. Returns 0 or a negative errno.
 */
int array_set_fd(int map_fd, uint32_t index, int fd);

/* Create a program array of `size` slots: a descriptor or a negative errno. */
int slots_create(uint32_t size);

/* Create an array of one u32, which is 0: a descriptor or a negative errno. */
int number_create(void);

/*
 * Put a program into a slot of a program array; a negative descriptor empties
 * the slot. Returns 0 or a negative errno.
 */
int slots_set(int map_fd, uint32_t index, int program_fd);

/*
 * Insert into a hash map from u32 to u64. Returns 0 or a negative errno;
 * -EEXIST: the key is there already.
 */
int map_insert(int map_fd, uint32_t key, uint64_t value);

/*
 * Remove a key from a hash map of u32 keys. Returns 0 or a negative errno;
 * -ENOENT: there is no such key.
 */
int map_remove(int map_fd, uint32_t key);

/*
 * Read the keys of a hash map of u32 keys, at most `capacity` of them. Returns
 * how many, or a negative errno. A key that is inserted or removed meanwhile
 * may be among them or not.
 */
int map_keys(int map_fd, uint32_t *keys, uint32_t capacity);

/*
 * The sum of one u64 of a per-CPU array, over all possible CPUs. Returns 0 or a
 * negative errno.
 */
int percpu_array_sum(int map_fd, uint32_t index, unsigned int possible_cpus,
		     uint64_t *sum);

struct map_shape {
	uint32_t type; /* enum bpf_map_type */
	uint32_t key_size;
	uint32_t value_size;
};

/*
 * The shape of the map that is pinned at `path`. Returns 0, or the negative
 * errno of BPF_OBJ_GET.
 */
int pinned_map_shape(const char *path, struct map_shape *shape);

#endif
