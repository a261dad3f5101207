/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --path: which paths are wanted.
 *
 * The reader compares paths with the patterns. The condition here drops those
 * that a few comparisons show to match none, and lets all others pass.
 * SELECT_PATH(path, length) is made of the macros below; TEXT(at) is true if a
 * text of `size` bytes is at the address `at`.
 */

/*
 * The start of each SELECT_PATH. Without it, clang 19 merges the check that
 * path_selected() has made of the length with one that follows, and the
 * verifier no longer knows how long the path can be.
 */
#define KEEP_BOUND(length)                                                     \
	({                                                                     \
		keep_in_one_register(length);                                  \
		true;                                                          \
	})

#define PATH_IS(path, length, size, TEXT) ((length) == (size) && TEXT(path))

#define PATH_BEGINS(path, length, size, TEXT) ((length) >= (size) && TEXT(path))

#define PATH_ENDS(path, length, size, TEXT)                                    \
	((length) >= (size) && TEXT((path) + (length) - (size)))

/*
 * A text is looked for at this many offsets of a path. The verifier must see
 * the offset grow up to this constant, so the compiler must not count
 * otherwise.
 */
#define PATH_SHORT 128

#define PATH_HOLDS(path, length, size, TEXT)                                   \
	({                                                                     \
		bool found = false;                                            \
                                                                               \
		for (u64 offset = 0; offset < PATH_SHORT; offset++) {          \
			keep_in_one_register(offset);                          \
			if (offset + (size) > (length))                        \
				break;                                         \
			if (TEXT((path) + offset)) {                           \
				found = true;                                  \
				break;                                         \
			}                                                      \
		}                                                              \
		found;                                                         \
	})
