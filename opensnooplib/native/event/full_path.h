/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full path: the path that a row shows. It is the path that the program gave,
 * or the file that was opened, with its directories if they are known.
 *
 * BPF sends the names of the directories after the path, each with its NUL; the
 * one nearest to the root comes last: bpf_src/extra/full_path.h.
 */
#pragma once

#include "event/host_mounts.h"

/* Room for three paths of PATH_MAX, and for the marks around them. */
#define FULL_PATH_ROOM (4 * 4096)

/*
 * Find the record's path. `room` has FULL_PATH_ROOM bytes; *path points into
 * it, or into the record. A directory that was removed is followed by "
 * (deleted)". If the directories don't begin at the process's root,
 * "(unreachable)" stands before them, as in getcwd(2). "..." stands for
 * directories that are missing.
 *
 * A path of another mount namespace than the tool's is shown as the host has
 * it, by `mounts`. If the host doesn't have it, or `mounts` is NULL, it is
 * shown as that namespace has it, with "(other mounts)" before it.
 */
enum path_state full_path(const struct record *record,
			  const struct layout *layout,
			  struct host_mounts *mounts, char *room,
			  struct text *path);

/*
 * Find the path of the program likewise. Its mounts are those of its own mount
 * namespace. It is empty for a thread of the kernel's.
 */
enum path_state program_path(const struct record *record,
			     const struct layout *layout, char *room,
			     struct text *path);

/* The state that full_path() would return. */
enum path_state full_path_state(const struct record *record,
				const struct layout *layout);
