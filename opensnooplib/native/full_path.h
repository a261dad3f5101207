/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of a row: the name that the program gave, or the file that it
 * opened, with its directories where they are known.
 *
 * BPF sends the names of directories behind the path, each with its NUL, the
 * one nearest to the root last: bpf_src/full_path.h.
 */
#ifndef OPENSNOOP_FULL_PATH_H
#define OPENSNOOP_FULL_PATH_H

#include "record.h"

/* Two paths of PATH_MAX, and what is said of them. */
#define FULL_PATH_ROOM (3 * 4096)

/*
 * `room` has FULL_PATH_ROOM bytes; `path` points into it, or into the record.
 * A directory that was removed is followed by " (deleted)". Where directories
 * don't begin at the process's root there is "(unreachable)" before them, as
 * getcwd(2) has it; "(other mounts)" where they are those of another mount
 * namespace than the tool's. "..." stands where some are missing.
 */
enum path_state full_path(const struct record *record,
			  const struct layout *layout, char *room,
			  struct text *path);

/* The same, where only the state is asked for. */
enum path_state full_path_state(const struct record *record,
				const struct layout *layout);

#endif
