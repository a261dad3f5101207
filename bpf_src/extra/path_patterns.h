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
 * Comes first: where the compiler merges the check of the length that is done
 * already with the next one, the verifier loses sight of the bound.
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
