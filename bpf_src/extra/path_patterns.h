/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --path: which paths are wanted.
 *
 * The reader compares paths with the patterns. The condition here drops those
 * that a few comparisons show to match none, and lets all others pass.
 * SELECT_PATH(path, length) is made of the macros below; TEXT(at) is true if a
 * text of `size` bytes is at the address `at`.
 */

#define PATH_IS(path, length, size, TEXT) ((length) == (size) && TEXT(path))

#define PATH_BEGINS(path, length, size, TEXT) ((length) >= (size) && TEXT(path))

#define PATH_ENDS(path, length, size, TEXT)                                    \
	((length) >= (size) && TEXT((path) + (length) - (size)))

/* A text is looked for at this many offsets of a path. */
#define PATH_SHORT 128

#define PATH_HOLDS(path, length, size, TEXT)                                   \
	({                                                                     \
		bool found = false;                                            \
                                                                               \
		for (u64 offset = 0; offset < PATH_SHORT; offset++) {          \
			if (offset + (size) > (length))                        \
				break;                                         \
			if (TEXT((path) + offset)) {                           \
				found = true;                                  \
				break;                                         \
			}                                                      \
		}                                                              \
		found;                                                         \
	})

/*
 * May the path be wanted? It is in a buffer of `room` bytes; path_size is as in
 * struct event. True for a path that was cut or couldn't be read.
 */
static bool path_may_be_selected(const char *path, s32 path_size, u64 room)
{
	u64 length = path_size - 1;

	keep_in_one_register(length);
	if (length >= room - 1)
		return true;
	return SELECT_PATH(path, length);
}
