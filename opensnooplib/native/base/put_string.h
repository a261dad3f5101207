/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is written piece by piece: each function writes at `out`, which
 * has room for it, and returns the end. Nothing is NUL-terminated.
 */
#ifndef OPENSNOOP_PUT_STRING_H
#define OPENSNOOP_PUT_STRING_H

#include <stddef.h>
#include <string.h>

static inline char *put_bytes(char *out, const void *bytes, size_t size)
{
	memcpy(out, bytes, size);
	return out + size;
}

static inline char *put_string(char *out, const char *string)
{
	return put_bytes(out, string, strlen(string));
}

#endif
