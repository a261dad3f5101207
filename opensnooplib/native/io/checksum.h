/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksum of a block: FNV-1a, but over words of 8 bytes instead of bytes. A
 * CRC would cost the recorder as much as all else it does. It detects damage,
 * not forgery.
 */
#ifndef OPENSNOOP_CHECKSUM_H
#define OPENSNOOP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FNV_OFFSET_BASIS 0xcbf29ce484222325
#define FNV_PRIME	 0x00000100000001b3

static inline uint64_t checksum_step(uint64_t checksum, uint64_t word)
{
	return (checksum ^ word) * FNV_PRIME;
}

/*
 * The checksum of the word `first` and then of the bytes as words in native
 * byte order, the last word filled up with zeros; the upper half is folded into
 * the lower.
 */
static inline uint32_t checksum_of(uint64_t first, const void *bytes,
				   size_t size)
{
	uint64_t checksum = checksum_step(FNV_OFFSET_BASIS, first);
	const unsigned char *next = bytes;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word)) {
		memcpy(&word, next, sizeof(word));
		checksum = checksum_step(checksum, word);
		next += sizeof(word);
	}
	if (size > 0) {
		word = 0;
		memcpy(&word, next, size);
		checksum = checksum_step(checksum, word);
	}
	return (uint32_t)(checksum ^ checksum >> 32);
}

#endif
