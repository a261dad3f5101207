/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of a row: the name that the program gave, or the file that it
 * opened, with its directories where they are known.
 *
 * BPF sends the names of directories behind the path, each with its NUL, the
 * one nearest to the root last: bpf_src/extra/full_path.h.
 */
#ifndef OPENSNOOP_FULL_PATH_H
#define OPENSNOOP_FULL_PATH_H

#include "event/host_mounts.h"
#include "event/record.h"

/* Three paths of PATH_MAX, and what is said of them. */
#define FULL_PATH_ROOM (4 * 4096)

/*
 * `room` has FULL_PATH_ROOM bytes; `path` points into it, or into the record.
 * A directory that was removed is followed by " (deleted)". Where directories
 * don't begin at the process's root there is "(unreachable)" before them, as
 * getcwd(2) has it. "..." stands where some are missing.
 *
 * Where they are in another mount namespace than the tool's, they are shown as
 * `mounts` of the host has them. What it hasn't is shown as in that namespace,
 * with "(other mounts)" before it; also all, where it is NULL.
 */
enum path_state full_path(const struct record *record,
			  const struct layout *layout,
			  struct host_mounts *mounts, char *room,
			  struct text *path);

/* The same, where only the state is asked for. */
enum path_state full_path_state(const struct record *record,
				const struct layout *layout);

#endif
