/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quoting: names as a person and a program can read them, whatever bytes they
 * hold.
 *
 * Each function writes at `out`, up to its bound, and returns the end. Nothing
 * is NUL-terminated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* $'...' around at most 4 characters for each byte, and "...". */
#define SHELL_TEXT_BOUND(size) (4 * (size) + sizeof("$''..."))

/*
 * What is shown in place of a name that could not be read. No name looks like
 * it: a name that begins so is quoted.
 */
#define UNREADABLE "<unreadable>"

/*
 * Text for a table. Ordinary text is written as it is. Text with a control
 * character, DEL, C1, a bidi control, a line or paragraph separator, a
 * character that shows nothing or bytes that aren't UTF-8 is written as the
 * shell's $'...', so that it is one line, drives no terminal, and can be pasted
 * into a shell (bash(1), QUOTING). So is text that would itself look like
 * $'...' or UNREADABLE, and text that was cut, which is followed by "...".
 *
 * `in_column`: other columns follow. So is then text that could shift them:
 * an empty one, one that begins or ends with a blank or has two in a row, or
 * has a blank beyond ASCII, a mark without width or letters from right to left.
 */
char *put_shell_text(char *out, const unsigned char *bytes, size_t size,
		     bool cut, bool in_column);

/*
 * Text as $'...', whether it needs quoting or not, with "..." after it if it
 * was cut; `also` is escaped, too.
 */
char *put_shell_quoted(char *out, const unsigned char *bytes, size_t size,
		       bool cut, bool in_column, char also);

/*
 * A JSON string (RFC 8259), "..." around at most 6 characters for each byte. A
 * character that put_shell_text() escapes, in a column or not, is \uXXXX; a
 * byte that isn't UTF-8 is U+FFFD, and *whole is then false.
 */
char *put_json_text(char *out, const unsigned char *bytes, size_t size,
		    bool *whole);

/* A JSON string of base64 (RFC 4648, section 4). */
char *put_json_base64(char *out, const unsigned char *bytes, size_t size);
