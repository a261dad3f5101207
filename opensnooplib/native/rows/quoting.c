// SPDX-License-Identifier: Apache-2.0
#include "rows/quoting.h"

#include <stdint.h>
#include <string.h>

#include "base/put_string.h"

/*
 * The UTF-8 character at `bytes`: its length, and *character is set. 0 if these
 * bytes are no UTF-8 (Unicode, table 3-7: no overlong form, no surrogate,
 * nothing above U+10FFFF).
 */
static size_t decode_utf8(const unsigned char *bytes, size_t size,
			  uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = bytes[0];
	uint32_t value;
	size_t length;

	if (first < 0x80) {
		*character = first;
		return 1;
	}
	if (first < 0xc2 || first > 0xf4)
		return 0;
	/* The first byte begins with as many ones as there are bytes. */
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (length > size)
		return 0;
	value = first & (0xff >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

/* Can the character forge a row, drive a terminal or reverse the text? */
static bool is_unsafe(uint32_t character)
{
	return character < 0x20 ||
	       (character >= 0x7f && character <= 0x9f) ||     /* DEL, C1 */
	       character == 0x061c ||			       /* ALM */
	       character == 0x200e || character == 0x200f ||   /* LRM, RLM */
	       (character >= 0x2028 && character <= 0x202e) || /* LS..RLO */
	       (character >= 0x2066 && character <= 0x2069);   /* isolates */
}

/* Is any of these eight bytes a control character, DEL or not ASCII? */
static bool word_is_special(const unsigned char *bytes)
{
	const uint64_t ones = 0x0101010101010101;
	const uint64_t highs = 0x8080808080808080;
	uint64_t word;
	uint64_t del;

	memcpy(&word, bytes, sizeof(word));
	del = word ^ (ones * 0x7f);
	return (word | (word - ones * 0x20) | (del - ones)) & highs;
}

/* The number of bytes at the start that are printable ASCII. */
static size_t plain_length(const unsigned char *bytes, size_t size)
{
	size_t i = 0;

	while (i + 8 <= size && !word_is_special(bytes + i))
		i += 8;
	while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x7f)
		i++;
	return i;
}

static bool starts_with(const unsigned char *bytes, size_t size,
			const char *prefix)
{
	size_t length = strlen(prefix);

	return size >= length && memcmp(bytes, prefix, length) == 0;
}

/* Can it be shown as it is? */
static bool is_ordinary(const unsigned char *bytes, size_t size)
{
	size_t i = plain_length(bytes, size);

	while (i < size) {
		uint32_t character;
		size_t length = decode_utf8(bytes + i, size - i, &character);

		if (length == 0 || is_unsafe(character))
			return false;
		i += length;
		i += plain_length(bytes + i, size - i);
	}
	return !starts_with(bytes, size, "$'") &&
	       !starts_with(bytes, size, UNREADABLE);
}

/* As bash(1) has it, QUOTING. */
static char *put_shell_escape(char *out, unsigned char byte)
{
	static const char letters[] = "abtnvfr"; /* from BEL, 7, to CR, 13 */

	*out++ = '\\';
	if (byte == '\\' || byte == '\'') {
		*out++ = (char)byte;
	} else if (byte >= '\a' && byte <= '\r') {
		*out++ = letters[byte - '\a'];
	} else {
		*out++ = 'x';
		out = put_number(out, byte, 16, 2);
	}
	return out;
}

char *put_shell_quoted(char *out, const unsigned char *bytes, size_t size)
{
	size_t i = 0;

	*out++ = '$';
	*out++ = '\'';
	while (i < size) {
		uint32_t character;
		size_t length = decode_utf8(bytes + i, size - i, &character);

		if (length == 0) {
			out = put_shell_escape(out, bytes[i++]);
		} else if (is_unsafe(character) || character == '\\' ||
			   character == '\'') {
			while (length-- > 0)
				out = put_shell_escape(out, bytes[i++]);
		} else {
			out = put_bytes(out, bytes + i, length);
			i += length;
		}
	}
	*out++ = '\'';
	return out;
}

char *put_shell_text(char *out, const unsigned char *bytes, size_t size,
		     bool cut)
{
	if (!cut && is_ordinary(bytes, size))
		return put_bytes(out, bytes, size);

	out = put_shell_quoted(out, bytes, size);
	if (cut)
		out = put_string(out, "...");
	return out;
}

static char *put_json_escape(char *out, uint32_t character)
{
	*out++ = '\\';
	if (character == '"' || character == '\\') {
		*out++ = (char)character;
		return out;
	}
	*out++ = 'u';
	return put_number(out, character, 16, 4);
}

/* The number of bytes at the start that need no escape in JSON. */
static size_t json_plain_length(const unsigned char *bytes, size_t size)
{
	size_t length = plain_length(bytes, size);

	for (size_t i = 0; i < length; i++)
		if (bytes[i] == '"' || bytes[i] == '\\')
			return i;
	return length;
}

char *put_json_text(char *out, const unsigned char *bytes, size_t size,
		    bool *whole)
{
	size_t i = 0;

	*whole = true;
	*out++ = '"';
	while (i < size) {
		size_t plain = json_plain_length(bytes + i, size - i);
		uint32_t character;
		size_t length;

		out = put_bytes(out, bytes + i, plain);
		i += plain;
		if (i == size)
			break;

		length = decode_utf8(bytes + i, size - i, &character);
		if (length == 0) {
			*whole = false;
			out = put_string(out, "\\ufffd");
			length = 1;
		} else if (is_unsafe(character) || character == '"' ||
			   character == '\\') {
			out = put_json_escape(out, character);
		} else {
			out = put_bytes(out, bytes + i, length);
		}
		i += length;
	}
	*out++ = '"';
	return out;
}

char *put_json_base64(char *out, const unsigned char *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";

	*out++ = '"';
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t group = (uint32_t)bytes[i] << 16;

		if (left > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 0x3f];
		*out++ = left > 1 ? digits[group >> 6 & 0x3f] : '=';
		*out++ = left > 2 ? digits[group & 0x3f] : '=';
	}
	*out++ = '"';
	return out;
}
