/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs: paths are matched with patterns, in a time that is at most the product
 * of both lengths.
 */
#pragma once

#include "event/record.h"

/* As the frontend makes it (globs.py). */
struct glob {
	/* One bit for each byte that a part matches; of a star, that of 0. */
	const unsigned char (*parts)[256 / 8];
	uint32_t count; /* of parts */
	bool excludes;
	bool is_absolute; /* begins with a slash */
};

/*
 * Is a path wanted? It is if no excluding pattern matches it, and one of the
 * others does or there are no others. A pattern matches it as it is shown or as
 * the program gave it; an absolute pattern also without "." and ".." in it. A
 * path that could not be read is wanted, since it may match; so is one that was
 * cut and whose rest may match. `state` is that of full_path().
 */
bool path_is_wanted(const struct glob *globs, unsigned int count,
		    struct text shown, struct text given,
		    enum path_state state);
