/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that the host has for ids: of users, groups and cgroups.
 *
 * A user's name can take a millisecond or more to find, so each answer is kept,
 * also that there is none. After 3072 users the host isn't asked any more: time
 * and memory are bounded, whatever ids a hostile program shows us.
 */
#ifndef OPENSNOOP_ID_NAMES_H
#define OPENSNOOP_ID_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash_map.h"

/* Names by their numbers; one that the host has no name for is NULL. */
struct names {
	struct hash_map users;
	struct hash_map groups;
	struct hash_map cgroups;
	struct hash_map root_named; /* cgroups, by what root named */
	int cgroup_mount; /* descriptor of cgroup2's root; 0: not opened yet */
};

/* The most bytes of a name that are shown; none should be longer. */
#define NAME_BOUND	  256
#define CGROUP_PATH_BOUND 4096

/* The name, valid until the next call; NULL if there is none. */
const char *user_name(struct names *names, uint64_t uid);
const char *group_name(struct names *names, uint64_t gid);

/*
 * The path below cgroup2's root, such as "/system.slice/cron.service".
 *
 * `by_root`: up to the first folder that isn't root's. That one was still named
 * by root, the owner of the folder around it; what is below was named by a
 * user, who may name it after a container.
 */
const char *cgroup_path(struct names *names, uint64_t id, bool by_root);

void names_free(struct names *names);

#endif
