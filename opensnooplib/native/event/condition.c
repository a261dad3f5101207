// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memmem */
#include "event/condition.h"

#include <string.h>

static bool is_met(const struct condition *condition,
		   const struct record *record)
{
	struct text text;
	uint64_t bits;
	int64_t value;

	switch (condition->kind) {
	case CONDITION_BITS:
		return record_signed(record, condition->field, &value) &&
		       ((uint64_t)value & condition->mask) == condition->bits;
	case CONDITION_MOST:
		return record_unsigned(record, condition->field, &bits) &&
		       bits <= condition->bits;
	case CONDITION_HOLDS:
		text = record_text(record, condition->field);
		return memmem(text.bytes, text.size, condition->text,
			      strnlen(condition->text, CONDITION_TEXT_SIZE));
	default:
		return false;
	}
}

bool conditions_met(const struct condition *all, uint32_t count,
		    const struct record *record)
{
	bool is_one_met = false;

	for (uint32_t i = 0; i < count; i++) {
		is_one_met = is_one_met ||
			     is_met(&all[i], record) != all[i].excludes;
		if (all[i].or_next)
			continue;
		if (!is_one_met)
			return false;
		is_one_met = false;
	}
	return true;
}
