// SPDX-License-Identifier: Apache-2.0
#include "io/recording_blocks.h"

#include <string.h>

#include "io/checksum.h"

uint32_t block_checksum(const struct block_header *header, const void *body)
{
	uint64_t first = (uint64_t)header->size << 32 | header->type;

	return checksum_of(first, body, header->size);
}

char *put_block(char *out, uint32_t type, const void *body, uint32_t size)
{
	struct block_header header = {.type = type, .size = size};

	header.checksum = block_checksum(&header, body);
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), body, size);
	return out + sizeof(header) + size;
}
