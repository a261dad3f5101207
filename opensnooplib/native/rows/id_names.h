/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that the host has for ids: of users, groups, cgroups and containers.
 *
 * Who the users are may be the business of another host or of another program,
 * which can take forever. So a helper asks, and until it knows there is no
 * name. Each answer is kept, also that there is none. After 3072 users nobody
 * is asked any more: time and memory are bounded, whatever ids a hostile
 * program shows us.
 */
#pragma once

#include "base/hash_map.h"
#include "event/record.h"
#include "stacks/helper.h"

/* Names by their numbers; one that the host has no name for is NULL. */
struct names {
	struct helper *helper; /* NULL: users and groups have no names */
	struct hash_map users; /* and groups */
	struct hash_map cgroups;
	struct hash_map root_named; /* cgroups, by what root named */
	int cgroup_mount;	    /* descriptor of cgroup2's root; or -1 */
};

/* The most bytes of a name that are shown; none should be longer. */
#define NAME_BOUND	  256
#define CGROUP_PATH_BOUND 4096

/* The helper stays the caller's. */
void names_open(struct names *names, struct helper *helper,
		struct helpers *all);
void names_close(struct names *names);

/* From here on, cgroups have no names. */
void names_forget_cgroups(struct names *names);

/*
 * In the helper: answer, without capabilities, as `user` + 2, whom no other
 * process should have; 0: as before.
 */
void names_run(uint32_t user);

/* The name, valid until the next call; NULL if there is none. */
const char *user_name(struct names *names, uint64_t uid);
const char *group_name(struct names *names, uint64_t gid);

/*
 * Open the directory of a cgroup, for its path alone. `mount_fd`: cgroup2's
 * root. Returns a descriptor or a negative errno.
 */
int cgroup_open(int mount_fd, uint64_t id);

/*
 * The path below cgroup2's root, such as "/system.slice/cron.service".
 *
 * `by_root`: up to the first folder that isn't root's. That one was still named
 * by root, the owner of the folder around it; what is below was named by a
 * user, who may name it after a container.
 */
const char *cgroup_path(struct names *names, uint64_t id, bool by_root);

/*
 * The container that a cgroup of this path belongs to, by the name that its
 * runtime shows: 12 digits of the ID for docker, podman, containerd and CRI-O;
 * the name for LXC and systemd-nspawn. It is part of the path, and empty if the
 * cgroup belongs to no container.
 */
struct text find_container(const char *path);
