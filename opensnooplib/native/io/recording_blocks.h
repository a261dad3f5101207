/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording format: records in a file, as they came from the perf rings.
 *
 * A header, then blocks. Each block has a checksum of its own: a file that was
 * cut off anywhere can be read up to its last whole block, and damage is
 * detected. docs/recording.md specifies the format.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 0x89: not text; the newline shows whether line ends were "converted". */
#define RECORDING_MAGIC	     "\x89OSNOOP\n"
#define RECORDING_BYTE_ORDER 0x01020304 /* in the writer's byte order */
#define RECORDING_VERSION    1

struct recording_header {
	char magic[8]; /* RECORDING_MAGIC without its NUL */
	uint32_t byte_order;
	uint32_t version;
};

enum block_type {
	BLOCK_DESCRIPTION = 1, /* JSON: how to read the records that follow */
	BLOCK_RECORD = 2,
	BLOCK_COUNTS = 3, /* JSON: what is missing so far */
};

struct block_header {
	uint32_t checksum; /* of the rest of this header, and of the body */
	uint32_t type;	   /* enum block_type; others are for later versions */
	uint32_t size;	   /* bytes of the body, which follows */
};

#define BLOCK_BODY_MAX (1 << 20)

/* The checksum that a block with this header and body must have. */
uint32_t block_checksum(const struct block_header *header, const void *body);

/* Write one block at `out`, which has room for it, and return its end. */
char *put_block(char *out, uint32_t type, const void *body, uint32_t size);
