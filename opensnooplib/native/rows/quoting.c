// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memmem */
#include "rows/quoting.h"

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

/*
 * Characters that forge a row, drive a terminal, reverse text or show nothing.
 * From Unicode 15: DEL and C1, LS to RLO, interlinear annotation, controls of
 * hieroglyphs, and the property Default_Ignorable_Code_Point of
 * DerivedCoreProperties.txt: soft hyphen, joiners, variation selectors, fillers
 * of Hangul, tags, ...
 */
static const uint32_t unsafe[][2] = {
	{0x7f, 0x9f},	    {0xad, 0xad},	{0x34f, 0x34f},
	{0x61c, 0x61c},	    {0x115f, 0x1160},	{0x17b4, 0x17b5},
	{0x180b, 0x180f},   {0x200b, 0x200f},	{0x2028, 0x202e},
	{0x2060, 0x206f},   {0x3164, 0x3164},	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},   {0xffa0, 0xffa0},	{0xfff0, 0xfffb},
	{0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff}};

/*
 * Characters beyond ASCII that shift no column: letters of Latin, Greek,
 * Cyrillic, Armenian, Georgian, Ethiopic, Cherokee, Canadian syllabics, kana,
 * CJK and Hangul; punctuation, symbols and emoji. These are the blocks of
 * Unicode 15 without blanks (general category Zs), marks without width (Mn, Me)
 * and letters from right to left, which draw the numbers behind them on their
 * other side. Whatever a later version adds elsewhere is not among them.
 */
static const uint32_t upright[][2] = {
	{0xa1, 0x2ff},	    {0x370, 0x482},    {0x48a, 0x58f},
	{0x10a0, 0x10ff},   {0x1200, 0x135c},  {0x1360, 0x167f},
	{0x1e00, 0x1fff},   {0x2010, 0x2027},  {0x2030, 0x205e},
	{0x2070, 0x20cf},   {0x2100, 0x27ff},  {0x2900, 0x2bff},
	{0x2e80, 0x2fff},   {0x3001, 0x3029},  {0x3030, 0x3098},
	{0x309b, 0xa4cf},   {0xa720, 0xa7ff},  {0xac00, 0xd7a3},
	{0xf900, 0xfaff},   {0xff01, 0xffef},  {0x1d400, 0x1d7ff},
	{0x1f000, 0x1fbff}, {0x20000, 0x3ffff}};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Is the character in one of the ranges, each from its first to its last? */
static bool is_in(const uint32_t ranges[][2], size_t count, uint32_t character)
{
	for (size_t i = 0; i < count && ranges[i][0] <= character; i++)
		if (character <= ranges[i][1])
			return true;
	return false;
}

static bool is_unsafe(uint32_t character, bool in_column)
{
	if (character < 0x7f)
		return character < 0x20;
	return is_in(unsafe, COUNT(unsafe), character) ||
	       (in_column && !is_in(upright, COUNT(upright), character));
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

/* Could it, or a part of it, pass for the blanks between columns? */
static bool looks_padded(const unsigned char *bytes, size_t size)
{
	return size == 0 || bytes[0] == ' ' || bytes[size - 1] == ' ' ||
	       (memchr(bytes, ' ', size) && memmem(bytes, size, "  ", 2));
}

/* Can it be shown as it is? */
static bool is_ordinary(const unsigned char *bytes, size_t size, bool in_column)
{
	size_t i = plain_length(bytes, size);

	while (i < size) {
		uint32_t character;
		size_t length = decode_utf8(bytes + i, size - i, &character);

		if (length == 0 || is_unsafe(character, in_column))
			return false;
		i += length;
		i += plain_length(bytes + i, size - i);
	}
	return !starts_with(bytes, size, "$'") &&
	       !starts_with(bytes, size, UNREADABLE) &&
	       !(in_column && looks_padded(bytes, size));
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

char *put_shell_quoted(char *out, const unsigned char *bytes, size_t size,
		       bool cut, bool in_column, char also)
{
	size_t i = 0;

	out = put_string(out, "$'");
	while (i < size) {
		uint32_t character;
		size_t length = decode_utf8(bytes + i, size - i, &character);

		if (length == 0) {
			out = put_shell_escape(out, bytes[i++]);
		} else if (is_unsafe(character, in_column) ||
			   character == '\\' || character == '\'' ||
			   character == (unsigned char)also) {
			while (length-- > 0)
				out = put_shell_escape(out, bytes[i++]);
		} else {
			out = put_bytes(out, bytes + i, length);
			i += length;
		}
	}
	return put_string(out, cut ? "'..." : "'");
}

char *put_shell_text(char *out, const unsigned char *bytes, size_t size,
		     bool cut, bool in_column)
{
	if (!cut && is_ordinary(bytes, size, in_column))
		return put_bytes(out, bytes, size);
	return put_shell_quoted(out, bytes, size, cut, in_column, '\\');
}

static char *put_json_escape(char *out, uint32_t character)
{
	if (character > 0xffff) { /* two, as in UTF-16 */
		out = put_json_escape(out, 0xd7c0 + (character >> 10));
		character = 0xdc00 + (character & 0x3ff);
	}
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
		} else if (is_unsafe(character, false) || character == '"' ||
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
		uint32_t group = 0;

		for (size_t j = 0; j < 3; j++)
			group = group << 8 | (j < left ? bytes[i + j] : 0);
		for (size_t j = 0; j < 4; j++, group <<= 6)
			*out++ = j > left ? '=' : digits[group >> 18 & 0x3f];
	}
	*out++ = '"';
	return out;
}
