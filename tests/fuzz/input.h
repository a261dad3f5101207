/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzzer's bytes, taken from the front. Past the end all is zero.
 */
#ifndef OPENSNOOP_FUZZ_INPUT_H
#define OPENSNOOP_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *bytes;
	size_t size;
};

/* A finding: libFuzzer saves the input of a process that aborts. */
#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__,     \
				__LINE__, #condition);                         \
			abort();                                               \
		}                                                              \
	} while (0)

static inline void take(struct input *input, void *to, size_t size)
{
	size_t taken = size < input->size ? size : input->size;

	memset(to, 0, size);
	if (taken > 0)
		memcpy(to, input->bytes, taken);
	input->bytes += taken;
	input->size -= taken;
}

static inline uint8_t take_u8(struct input *input)
{
	uint8_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline uint16_t take_u16(struct input *input)
{
	uint16_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline uint32_t take_u32(struct input *input)
{
	uint32_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline uint64_t take_u64(struct input *input)
{
	uint64_t value;

	take(input, &value, sizeof(value));
	return value;
}

/* A block of exactly `size` bytes, so that ASan sees one byte too many. */
static inline void *exactly(size_t size)
{
	void *block = malloc(size);

	/* malloc(0) may give NULL, which no caller of the tool passes. */
	CHECK(block);
	return block;
}

#endif
