/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that the host has names for: users, groups, cgroups.
 *
 * Asking for a user can take a millisecond and more, so what was found is kept,
 * also that nothing was found. After 3072 users nobody is asked any more:
 * time and memory are bounded, whatever numbers a hostile program makes us
 * see.
 */
#ifndef OPENSNOOP_ID_NAMES_H
#define OPENSNOOP_ID_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name {
	uint64_t number;
	char *text; /* NULL: the host has no name for it */
	bool used;
};

struct name_table {
	struct name *slots; /* NULL until the first question */
	unsigned int used;
};

struct names {
	struct name_table users;
	struct name_table groups;
	struct name_table cgroups;
	int cgroup_mount; /* descriptor of the cgroup2 root; 0: not looked for
			   */
};

/* What of a name is shown at most; none should be longer. */
#define NAME_BOUND	  256
#define CGROUP_PATH_BOUND 4096

/* NULL where there is none. The text lives until the next call. */
const char *user_name(struct names *names, uint64_t uid);
const char *group_name(struct names *names, uint64_t gid);

/* The path below the root of cgroup2, "/system.slice/cron.service". */
const char *cgroup_path(struct names *names, uint64_t id);

/*
 * The container that a cgroup of this path belongs to, as its runtime calls
 * it: 12 digits of its ID for docker, podman, containerd and CRI-O; the name
 * for LXC and systemd-nspawn. Returns false where it is no container's.
 */
bool find_container(const char *path, const char **name, size_t *size);

void names_free(struct names *names);

#endif
