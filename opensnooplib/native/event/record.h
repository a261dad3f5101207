/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record: the bytes of one struct event, as BPF sent them.
 *
 * Nothing here knows the struct. Its layout comes from the frontend, which
 * has it from BCC, so every read is checked against the record's real size.
 */
#ifndef OPENSNOOP_RECORD_H
#define OPENSNOOP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
	const unsigned char *data;
	uint32_t size;	 /* bytes; up to 7 bytes of padding at the end */
	uint32_t stream; /* whose struct event it is, see perf_ring.h */
};

/* Where a field lies in a record, in bytes. Absent: size 0. */
struct field {
	uint32_t offset;
	uint32_t size;
};

/* In the field ret, as bpf_src/event.h has them. */
#define RECORD_NO_DESCRIPTOR 0x7fffffff /* opened, but not as a descriptor */
#define RECORD_NOT_TOLD	     0x7ffffffe /* the kernel doesn't say how it ended */

/* The fields that have a meaning beyond their own column. */
struct layout {
	struct field ts;    /* u64, ns, CLOCK_MONOTONIC: the order of rows */
	struct field pid;   /* u32: the tool's own opens are not shown */
	struct field ret;   /* signed: fd or negative errno */
	struct field flags; /* unsigned: does the mode count? */
	struct field path_size;	 /* signed: bytes of path with its NUL */
	struct field dir_size;	 /* unsigned: of directories behind it */
	struct field dir_state;	 /* unsigned: see full_path.h */
	struct field fs_device;	 /* unsigned: where they aren't the host's */
	struct field fs_size;	 /* unsigned: see event.h */
	struct field mount_size; /* unsigned */
	struct field path;	 /* char[]: the last field */
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

static inline bool record_has(const struct record *record, struct field field)
{
	return field.size > 0 && field.offset <= record->size &&
	       field.size <= record->size - field.offset;
}

/* Integers of 1, 2, 4 and 8 bytes; false where the record has no such. */
bool record_unsigned(const struct record *record, struct field field,
		     uint64_t *value);
bool record_signed(const struct record *record, struct field field,
		   int64_t *value);

struct text {
	const unsigned char *bytes;
	size_t size; /* without the NUL */
};

/* The text of a char[] up to its NUL, or to the end of the field. */
struct text record_text(const struct record *record, struct field field);

/*
 * Can a program have sent it? It has `least` bytes, which are the fields before
 * the path, and then what path_size and dir_size say. Of records from a file.
 */
bool record_is_possible(const struct record *record,
			const struct layout *layout, uint32_t least);

enum path_state {
	PATH_WHOLE,
	PATH_CUT,	 /* longer than the field, so longer than PATH_MAX */
	PATH_TOP_CUT,	 /* directories nearest to the root are missing */
	PATH_UNREADABLE, /* the BPF program could not read it */
};

/* The path as the program gave it. full_path() has that of the row. */
enum path_state record_path(const struct record *record,
			    const struct layout *layout, struct text *path);

#endif
