/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording input: the blocks of a recording, read from a file or a pipe.
 */
#pragma once

#include "event/record.h"
#include "io/recording_blocks.h"

struct block {
	struct block_header header;
	const unsigned char *body;
};

enum recording_state {
	RECORDING_WAITS,   /* for more bytes: there is no whole block yet */
	RECORDING_STOPPED, /* by the consumer */
	RECORDING_BLOCK,   /* the next block is whole, and isn't a record */
	RECORDING_ENDED,   /* after the last block */
	RECORDING_CUT,	   /* within the last block */
	RECORDING_DAMAGED, /* the next bytes are no block, or not as written */
};

struct recording {
	int fd;
	unsigned char *buffer;
	size_t next;	 /* index in the buffer: consumed up to here */
	size_t end;	 /* index in the buffer: read up to here */
	uint64_t offset; /* of `next` in the file */
	bool at_end;	 /* of the file: there is nothing more to read */
};

/*
 * Read blocks from `fd`, which stays the caller's, and is behind the header.
 * Returns 0 or -ENOMEM.
 */
int recording_init(struct recording *recording, int fd);
void recording_free(struct recording *recording);

/*
 * Call read(2) once, if bytes come within `timeout_ms`. Returns 0 or a negative
 * errno.
 */
int recording_fill(struct recording *recording, int timeout_ms);

/*
 * Hand each record in the buffer to `consume`, up to a block of another known
 * type: *block is then that block, until recording_consume() steps over it.
 */
enum recording_state recording_drain(struct recording *recording,
				     record_consumer consume, void *context,
				     struct block *block);
void recording_consume(struct recording *recording, const struct block *block);
