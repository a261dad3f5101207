/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the harnesses know of UTF-8 and JSON, written apart from
 * opensnooplib/native/rows/quoting.c so that the two don't share a mistake.
 */
#ifndef OPENSNOOP_FUZZ_JUDGE_H
#define OPENSNOOP_FUZZ_JUDGE_H

#include <stdbool.h>

#include "input.h"

/* Well-formed byte sequences: The Unicode Standard, table 3-7, row by row. */
static const struct {
	size_t length;
	uint8_t low[4];
	uint8_t high[4];
} utf8_rows[] = {
	{1, {0x00}, {0x7f}},
	{2, {0xc2, 0x80}, {0xdf, 0xbf}},
	{3, {0xe0, 0xa0, 0x80}, {0xe0, 0xbf, 0xbf}},
	{3, {0xe1, 0x80, 0x80}, {0xec, 0xbf, 0xbf}},
	{3, {0xed, 0x80, 0x80}, {0xed, 0x9f, 0xbf}},
	{3, {0xee, 0x80, 0x80}, {0xef, 0xbf, 0xbf}},
	{4, {0xf0, 0x90, 0x80, 0x80}, {0xf0, 0xbf, 0xbf, 0xbf}},
	{4, {0xf1, 0x80, 0x80, 0x80}, {0xf3, 0xbf, 0xbf, 0xbf}},
	{4, {0xf4, 0x80, 0x80, 0x80}, {0xf4, 0x8f, 0xbf, 0xbf}},
};

/* The length of the character at `bytes`; 0 where there is none. */
static inline size_t utf8_length(const uint8_t *bytes, size_t size)
{
	for (size_t row = 0; row < sizeof(utf8_rows) / sizeof(*utf8_rows);
	     row++) {
		size_t length = utf8_rows[row].length;
		size_t i = 0;

		if (length > size)
			continue;
		while (i < length && bytes[i] >= utf8_rows[row].low[i] &&
		       bytes[i] <= utf8_rows[row].high[i])
			i++;
		if (i == length)
			return length;
	}
	return 0;
}

/*
 * Characters that may stand in no row, as the bytes that they are: the first
 * and the last of each range, whose bytes have the same order.
 */
static inline bool utf8_unsafe(const uint8_t *bytes, size_t length)
{
	static const char *const ranges[][2] = {
		{"\x01", "\x1f"},
		{"\x7f", "\x7f"},
		{"\xc2\x80", "\xc2\x9f"},     /* C1 */
		{"\xc2\xad", "\xc2\xad"},     /* soft hyphen */
		{"\u034f", "\u034f"},	      /* grapheme joiner */
		{"\u061c", "\u061c"},	      /* ALM */
		{"\u115f", "\u1160"},	      /* fillers */
		{"\u17b4", "\u17b5"},	      /* Khmer's inherent vowels */
		{"\u180b", "\u180f"},	      /* Mongolian selectors */
		{"\u200b", "\u200f"},	      /* ZWSP to RLM */
		{"\u2028", "\u202e"},	      /* separators, bidi */
		{"\u2060", "\u206f"},	      /* WJ, operators, isolates */
		{"\u3164", "\u3164"},	      /* filler */
		{"\ufe00", "\ufe0f"},	      /* variation selectors */
		{"\ufeff", "\ufeff"},	      /* BOM */
		{"\uffa0", "\uffa0"},	      /* filler */
		{"\ufff0", "\ufffb"},	      /* annotation */
		{"\U00013430", "\U0001343f"}, /* hieroglyphs */
		{"\U0001bca0", "\U0001bca3"}, /* shorthand */
		{"\U0001d173", "\U0001d17a"}, /* music */
		{"\U000e0000", "\U000e0fff"}, /* tags */
	};

	if (bytes[0] == 0)
		return true;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (length == strlen(ranges[i][0]) &&
		    memcmp(bytes, ranges[i][0], length) >= 0 &&
		    memcmp(bytes, ranges[i][1], length) <= 0)
			return true;
	return false;
}

/* Text that may stand in a row: safe characters, and nothing else. */
static inline void check_safe(const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		size_t length = utf8_length(bytes, size);

		CHECK(length > 0);
		CHECK(!utf8_unsafe(bytes, length));
		bytes += length;
		size -= length;
	}
}

static inline bool is_hex_digit(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
	       (byte >= 'A' && byte <= 'F');
}

static inline uint32_t hex_value(const uint8_t *digits, size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t digit = digits[i];

		CHECK(is_hex_digit(digit));
		value = value * 16 + (digit <= '9' ? digit - '0'
						   : (digit | 0x20) - 'a' + 10);
	}
	return value;
}

#endif
