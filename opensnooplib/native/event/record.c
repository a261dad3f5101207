// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* strnlen */
#include "event/record.h"

#include <linux/limits.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "integers are read as x86-64 and arm64 store them");

bool record_unsigned(const struct record *record, struct field field,
		     uint64_t *value)
{
	const unsigned char *bytes = record->data;
	uint64_t bits = 0;

	if (!record_has(record, field))
		return false;
	bytes += field.offset;
	/* Each of these copies is one instruction. */
	switch (field.size) {
	case 1:
		memcpy(&bits, bytes, 1);
		break;
	case 2:
		memcpy(&bits, bytes, 2);
		break;
	case 4:
		memcpy(&bits, bytes, 4);
		break;
	case 8:
		memcpy(&bits, bytes, 8);
		break;
	default:
		return false;
	}
	*value = bits;
	return true;
}

bool record_signed(const struct record *record, struct field field,
		   int64_t *value)
{
	uint64_t bits;
	unsigned int above; /* the bits that the sign is to fill */

	if (!record_unsigned(record, field, &bits))
		return false;
	above = 64 - 8 * field.size;
	*value = (int64_t)(bits << above) >> above;
	return true;
}

struct text record_text(const struct record *record, struct field field)
{
	struct text text = {.bytes = record->data};

	if (field.offset >= record->size)
		return text;
	text.bytes += field.offset;
	text.size = record->size - field.offset;
	if (text.size > field.size)
		text.size = field.size;
	text.size = strnlen((const char *)text.bytes, text.size);
	if (field_is_flexible(field) && !record->is_exact &&
	    text.size == record->size - field.offset)
		text.size -=
			text.size < RECORD_PADDING ? text.size : RECORD_PADDING;
	return text;
}

bool record_is_possible(const struct record *record,
			const struct layout *layout, uint32_t least)
{
	uint64_t dir_size = 0;
	int64_t path_size;
	uint64_t room;

	if (record->size < least || record->size > UINT16_MAX)
		return false;
	if (layout->path.size == 0 ||
	    !record_signed(record, layout->path_size, &path_size) ||
	    path_size <= 0)
		return true;
	if (layout->path.offset > record->size)
		return false;
	room = record->size - layout->path.offset;
	record_unsigned(record, layout->dir_size, &dir_size);
	return (uint64_t)path_size <= room && dir_size <= room - path_size;
}

enum path_state record_path(const struct record *record,
			    const struct layout *layout, struct text *path)
{
	int64_t path_size;

	*path = record_text(record, layout->path);
	if (!record_signed(record, layout->path_size, &path_size))
		return PATH_WHOLE;
	if (path_size <= 0) {
		path->size = 0;
		return PATH_UNREADABLE;
	}
	/* bpf_probe_read_user_str() fills the field if it cuts the path. */
	if (path_size >= layout->path.size || path_size > PATH_MAX)
		return PATH_CUT;
	return PATH_WHOLE;
}
