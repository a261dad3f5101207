/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording: records in a file, as they came off the rings.
 *
 * A header, then blocks. Each block has a checksum of its own, so a file that
 * was cut off anywhere is good up to its last whole block, and what is damaged
 * is known to be. docs/recording.md is the whole format.
 */
#ifndef OPENSNOOP_RECORDING_FILE_H
#define OPENSNOOP_RECORDING_FILE_H

#include "perf/merge.h"

/* 0x89: not text; the newline shows whether line ends were "converted". */
#define RECORDING_MAGIC	     "\x89OSNOOP\n"
#define RECORDING_BYTE_ORDER 0x01020304 /* numbers are the writer's own */
#define RECORDING_VERSION    1

struct recording_header {
	char magic[8]; /* RECORDING_MAGIC without its NUL */
	uint32_t byte_order;
	uint32_t version;
};

enum block_type {
	BLOCK_DESCRIPTION = 1, /* JSON: how to read the records from here on */
	BLOCK_RECORD = 2,
	BLOCK_COUNTS = 3, /* JSON: what is missing, up to here */
};

struct block_header {
	uint32_t checksum; /* of the rest of this header, and the body */
	uint32_t type;	   /* enum block_type; others are for later versions */
	uint32_t size;	   /* bytes of the body, which follows */
};

#define BLOCK_BODY_MAX (1 << 20)

struct block {
	uint32_t type;
	uint32_t size;
	const unsigned char *body;
};

/* Write one block at `out`, which has room for it, and return its end. */
char *put_block(char *out, uint32_t type, const void *body, uint32_t size);

/* The size of the whole block at `block`, which need not be aligned. */
size_t block_size_at(const char *block);

enum recording_state {
	RECORDING_WAITS,   /* for more bytes: there is no whole block */
	RECORDING_BLOCK,   /* there is one, and it isn't a record */
	RECORDING_STOPPED, /* the consumer did */
	RECORDING_ENDED,   /* nothing comes behind the last block */
	RECORDING_CUT,	   /* the last block isn't whole */
	RECORDING_DAMAGED, /* what follows is no block, or not as written */
};

/* What the first bytes of a file say. */
enum recording_kind {
	RECORDING_UNKNOWN, /* they aren't there yet */
	RECORDING_READABLE,
	RECORDING_NONE,		    /* no recording at all */
	RECORDING_BYTE_ORDER_OTHER, /* of a machine with the other one */
	RECORDING_VERSION_OTHER,    /* of a version that isn't known here */
};

/* Reads a recording from a file or a pipe. */
struct recording {
	int fd;
	unsigned char *buffer;
	size_t next;	 /* in the buffer: what is not consumed yet */
	size_t end;	 /* of what was read */
	uint64_t offset; /* of `next` in the file */
	bool at_end;	 /* the file has no more */
};

/* Returns 0 or -ENOMEM. The descriptor stays the caller's. */
int recording_init(struct recording *recording, int fd);
void recording_free(struct recording *recording);

/*
 * Read once, if bytes come within `timeout_ms`. Returns 0 or a negative errno.
 */
int recording_fill(struct recording *recording, int timeout_ms);

/* Step over the header, if it is one that can be read. */
enum recording_kind recording_take_header(struct recording *recording);

/*
 * Hand each record that is there to `consume`, up to a block of another known
 * type, which *block is then; recording_consume() steps over it.
 */
enum recording_state recording_drain(struct recording *recording,
				     record_consumer consume, void *context,
				     struct block *block);
void recording_consume(struct recording *recording, const struct block *block);

#endif
