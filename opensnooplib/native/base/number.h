/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as text. printf(3) would do, at ten times the cost.
 */
#ifndef OPENSNOOP_NUMBER_H
#define OPENSNOOP_NUMBER_H

#include <stdint.h>
#include <string.h>

/* 64 bits in octal take 22 digits; a sign is one more. */
#define NUMBER_BOUND 24

/* At least `digits` digits, with zeros in front; `base` is 8, 10 or 16. */
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

#endif
