/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is written piece by piece: each function writes at `out`, which
 * has room for it, and returns the end. Nothing is NUL-terminated.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
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

/* The longest number: 64 bits in octal take 22 digits, and a sign one more. */
#define NUMBER_BOUND 24

/*
 * Numbers, at a tenth of the cost of printf(3): `value` with at least `digits`
 * digits, zeros in front; `base`: 8, 10, 16.
 */
static inline char *put_number(char *out, uint64_t value, unsigned int base,
			       unsigned int digits)
{
	char reversed[NUMBER_BOUND];
	unsigned int count = 0;

	do {
		reversed[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value > 0);
	while (count < digits && count < NUMBER_BOUND)
		reversed[count++] = '0';
	while (count > 0)
		*out++ = reversed[--count];
	return out;
}

static inline char *put_decimal(char *out, int64_t value)
{
	uint64_t magnitude = (uint64_t)value;

	if (value < 0) {
		*out++ = '-';
		magnitude = -magnitude;
	}
	return put_number(out, magnitude, 10, 1);
}

/* Two hex digits for each byte. */
static inline char *put_hex_bytes(char *out, const unsigned char *bytes,
				  size_t size)
{
	for (size_t i = 0; i < size; i++)
		out = put_number(out, bytes[i], 16, 2);
	return out;
}
