/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record: the bytes of one struct event, as BPF sent them.
 *
 * The struct isn't known here. Its layout comes from the frontend, which has
 * it from BTF, so every access is checked against the record's real size.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../bpf_src/extra/record_values.h"

/* The kernel fills words of 8 bytes, with what is there. */
#define RECORD_PADDING 7

struct record {
	const unsigned char *data;
	uint32_t size;	 /* bytes, with the padding */
	uint32_t stream; /* that has this struct event: see perf_ring.h */
	uint32_t pid;	 /* of the process in which it was sent; 0: unknown */
	bool is_exact; /* else up to RECORD_PADDING bytes at the end are any */
};

/* What a function that is handed records one by one, oldest first, answers. */
enum verdict {
	CONSUMED,
	CONSUMED_ENOUGH, /* stop after this record */
	NOT_CONSUMED,	 /* stop, and begin with this record next time */
};

typedef enum verdict (*record_consumer)(void *context,
					const struct record *record);

/* Where a field lies in a record, in bytes. A field that is absent has size 0.
 */
struct field {
	uint32_t offset;
	uint32_t size;
};

/* The fields that are used for more than their own column. */
struct layout {
	struct field ts;    /* u64, ns, CLOCK_MONOTONIC: the order of rows */
	struct field pid;   /* u32: the tool's own opens are not shown */
	struct field ret;   /* signed: a descriptor or a negative errno */
	struct field flags; /* unsigned: is the mode used? */
	struct field path_size;	 /* signed: bytes of the path with its NUL */
	struct field dir_size;	 /* unsigned: bytes of names after it */
	struct field dir_state;	 /* unsigned: bits of enum dir_state */
	struct field fs_device;	 /* unsigned: of another mount namespace */
	struct field fs_size;	 /* unsigned: see extra/optional_fields.h */
	struct field mount_size; /* unsigned: see extra/optional_fields.h */
	struct field path;	 /* char[]: the last field */
	struct field latency;	 /* unsigned, ns; 0: unknown */
	struct field exe;	 /* unsigned: of dir_size; and EXE_STATE */
};

/*
 * Element `index` of an array whose first element is `first`. It lies beyond
 * the end of any record where its offset would need more than 32 bits.
 */
static inline struct field array_element(struct field first, uint32_t index)
{
	struct field element = first;

	if (__builtin_mul_overflow(index, first.size, &element.offset) ||
	    __builtin_add_overflow(element.offset, first.offset,
				   &element.offset))
		element.offset = UINT32_MAX;
	return element;
}

/*
 * Is the field a flexible array, which ends where its record ends? Its size is
 * that of the rest of the largest record.
 */
static inline bool field_is_flexible(struct field field)
{
	return field.size > 0 && field.offset + field.size == UINT16_MAX;
}

/* Is the record long enough for the field? */
static inline bool record_has(const struct record *record, struct field field)
{
	return field.size > 0 && field.offset <= record->size &&
	       field.size <= record->size - field.offset;
}

/*
 * Read an integer of 1, 2, 4 or 8 bytes. False: the field has another size, or
 * the record is too short for it.
 */
bool record_unsigned(const struct record *record, struct field field,
		     uint64_t *value);
bool record_signed(const struct record *record, struct field field,
		   int64_t *value);

struct text {
	const unsigned char *bytes;
	size_t size; /* without the NUL */
};

/*
 * The text of a char[], up to its NUL or to the end of the field. The end of
 * what a flexible array holds without a NUL is unknown, unless the record's is:
 * then as many bytes as could be padding are left out.
 */
struct text record_text(const struct record *record, struct field field);

/*
 * Can a program have sent this record, which comes from a file? It has at least
 * `least` bytes, for the fields before the path, and then as many as path_size
 * and dir_size say; and no more than fit a perf ring, for which rows have room.
 */
bool record_is_possible(const struct record *record,
			const struct layout *layout, uint32_t least);

enum path_state {
	PATH_WHOLE,
	PATH_CUT,	 /* longer than the field, and so than PATH_MAX */
	PATH_TOP_CUT,	 /* directories nearest to the root are missing */
	PATH_UNREADABLE, /* the BPF program could not read it */
};

/* The path that the program gave. A row shows that of full_path(). */
enum path_state record_path(const struct record *record,
			    const struct layout *layout, struct text *path);
