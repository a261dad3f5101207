/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --path: which names are wanted.
 *
 * The reader compares names with the whole patterns. Here those names are
 * dropped that it would drop, as far as a few comparisons can tell; all that
 * can't be told passes. SELECT_PATH(path, length) is the condition, made of
 * the macros below; each TEXT(at) tells whether a text stands at that place,
 * and takes as many bytes as `size` says.
 */

#define PATH_IS(path, length, size, TEXT) ((length) == (size) && TEXT(path))

#define PATH_BEGINS(path, length, size, TEXT) ((length) >= (size) && TEXT(path))

#define PATH_ENDS(path, length, size, TEXT)                                    \
	((length) >= (size) && TEXT((path) + (length) - (size)))

/* In names shorter than this a text is looked for at each place. */
#define PATH_SHORT 128

#define PATH_HOLDS(path, length, size, TEXT)                                   \
	({                                                                     \
		bool found = false;                                            \
                                                                               \
		for (u64 at = 0; at < PATH_SHORT; at++) {                      \
			if (at + (size) > (length))                            \
				break;                                         \
			if (TEXT((path) + at)) {                               \
				found = true;                                  \
				break;                                         \
			}                                                      \
		}                                                              \
		found;                                                         \
	})

/*
 * Of a name in a buffer of `room` bytes; path_size is as in struct event. One
 * that was cut there, or not readable, can't be told.
 */
static bool path_may_be_selected(const char *path, s32 path_size, u64 room)
{
	u64 length = path_size - 1;

	keep_in_one_register(length);
	if (length >= room - 1)
		return true;
	return SELECT_PATH(path, length);
}
