/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of fields that the reader knows, too: it includes this file.
 */
#pragma once

/* In ret, as a negative number: the largest errno. MAX_ERRNO of linux/err.h */
#define LARGEST_ERRNO 4095

/* In ret: an open that succeeded, but has no file descriptor. */
#define NO_DESCRIPTOR 0x7fffffff

/* In ret: nobody knows the result, as it isn't reported, or is ambiguous. */
#define UNKNOWN_RESULT 0x7ffffffe

/* In ret: the open is still under way. */
#define UNDER_WAY 0x7ffffffd

/* Bits of dir_state: what is known about the directories behind the path. */
enum dir_state {
	DIR_IS_KNOWN = 1,      /* they are there; else none are */
	DIR_IS_FILE = 2,       /* the first of them is the file itself */
	DIR_IS_DELETED = 4,    /* the first of them was removed */
	DIR_UNREACHABLE = 8,   /* they don't lead up to the process's root */
	DIR_CUT = 16,	       /* those nearest to the root are missing */
	DIR_OTHER_MOUNTS = 32, /* they are on mounts that the host lacks */
};

/* In exe: bits of enum dir_state from this bit on, the size of names below. */
#define EXE_STATE 16

/* In exe: nobody knows it. */
#define UNKNOWN_EXE 0xffffffff
