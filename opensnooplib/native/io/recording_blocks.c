// SPDX-License-Identifier: Apache-2.0
#include "io/recording_blocks.h"

#include <string.h>

/*
 * The checksum is FNV-1a, but over words of 8 bytes instead of bytes. A CRC
 * would cost the recorder as much as all else it does. It detects damage, not
 * forgery.
 */
#define FNV_OFFSET_BASIS 0xcbf29ce484222325
#define FNV_PRIME	 0x00000100000001b3

static uint64_t checksum_step(uint64_t checksum, uint64_t word)
{
	return (checksum ^ word) * FNV_PRIME;
}

/*
 * That of type and size as one word, and then of the body as words in native
 * byte order, the last one filled up with zeros; the upper half is folded into
 * the lower.
 */
uint32_t block_checksum(const struct block_header *header, const void *body)
{
	uint64_t word = (uint64_t)header->size << 32 | header->type;
	uint64_t checksum = checksum_step(FNV_OFFSET_BASIS, word);
	const unsigned char *next = body;
	size_t left = header->size;

	for (; left >= sizeof(word); left -= sizeof(word)) {
		memcpy(&word, next, sizeof(word));
		checksum = checksum_step(checksum, word);
		next += sizeof(word);
	}
	if (left > 0) {
		word = 0;
		memcpy(&word, next, left);
		checksum = checksum_step(checksum, word);
	}
	return (uint32_t)(checksum ^ checksum >> 32);
}

char *put_block(char *out, uint32_t type, const void *body, uint32_t size)
{
	struct block_header header = {.type = type, .size = size};

	header.checksum = block_checksum(&header, body);
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), body, size);
	return out + sizeof(header) + size;
}
