/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording input: the blocks of a recording, read from a file or a pipe.
 */
#ifndef OPENSNOOP_RECORDING_INPUT_H
#define OPENSNOOP_RECORDING_INPUT_H

#include <stdbool.h>

#include "event/record.h"
#include "io/recording_blocks.h"

struct block {
	uint32_t type;
	uint32_t size;
	const unsigned char *body;
};

enum recording_state {
	RECORDING_WAITS,   /* for more bytes: there is no whole block yet */
	RECORDING_BLOCK,   /* the next block is whole, and isn't a record */
	RECORDING_STOPPED, /* by the consumer */
	RECORDING_ENDED,   /* after the last block */
	RECORDING_CUT,	   /* within the last block */
	RECORDING_DAMAGED, /* the next bytes are no block, or not as written */
};

/* What a file is, by its first bytes. */
enum recording_kind {
	RECORDING_UNKNOWN, /* too few bytes so far */
	RECORDING_READABLE,
	RECORDING_NONE,		    /* no recording */
	RECORDING_BYTE_ORDER_OTHER, /* from a machine of the other byte order */
	RECORDING_VERSION_OTHER,    /* of a version that is unknown here */
};

struct recording {
	int fd;
	unsigned char *buffer;
	size_t next;	 /* index in the buffer: consumed up to here */
	size_t end;	 /* index in the buffer: read up to here */
	uint64_t offset; /* of `next` in the file */
	bool at_end;	 /* of the file: there is nothing more to read */
};

/* Returns 0 or -ENOMEM. The descriptor stays the caller's. */
int recording_init(struct recording *recording, int fd);
void recording_free(struct recording *recording);

/*
 * Call read(2) once, if bytes come within `timeout_ms`. Returns 0 or a negative
 * errno.
 */
int recording_fill(struct recording *recording, int timeout_ms);

/* Consume the header, if this version can read the recording. */
enum recording_kind recording_take_header(struct recording *recording);

/*
 * Hand each record in the buffer to `consume`, up to a block of another known
 * type: *block is then that block, until recording_consume() steps over it.
 */
enum recording_state recording_drain(struct recording *recording,
				     record_consumer consume, void *context,
				     struct block *block);
void recording_consume(struct recording *recording, const struct block *block);

#endif
