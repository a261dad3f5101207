// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* memmem */
#include "event/condition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *copy_of(const void *array, size_t count, size_t size)
{
	void *copy = calloc(count + 1, size); /* not NULL for an empty array */

	if (copy && count > 0)
		memcpy(copy, array, count * size);
	return copy;
}

static bool all_reach_within(const struct condition *all, uint32_t count,
			     uint32_t wanted_count)
{
	for (uint32_t i = 0; i < count; i++)
		if (all[i].first > wanted_count ||
		    all[i].count > wanted_count - all[i].first)
			return false;
	return true;
}

int conditions_set(struct conditions *conditions, const struct condition *all,
		   uint32_t count, const struct wanted_bits *wanted,
		   uint32_t wanted_count)
{
	if (!all_reach_within(all, count, wanted_count))
		return -EINVAL;
	conditions_free(conditions);
	conditions->all = copy_of(all, count, sizeof(*all));
	conditions->wanted = copy_of(wanted, wanted_count, sizeof(*wanted));
	if (!conditions->all || !conditions->wanted)
		return -ENOMEM;
	conditions->count = count;
	return 0;
}

void conditions_free(struct conditions *conditions)
{
	free(conditions->all);
	free(conditions->wanted);
	*conditions = (struct conditions){0};
}

static bool any_is_met(const struct condition *condition,
		       const struct wanted_bits *wanted, int64_t value)
{
	for (uint32_t i = 0; i < condition->count; i++)
		if (((uint64_t)value & wanted[i].mask) == wanted[i].bits)
			return true;
	return false;
}

static bool is_met(const struct conditions *conditions,
		   const struct condition *condition,
		   const struct record *record)
{
	const struct wanted_bits *wanted =
		conditions->wanted + condition->first;
	struct text text;
	uint64_t bits;
	int64_t value;

	switch (condition->kind) {
	case CONDITION_BITS:
		return record_signed(record, condition->field, &value) &&
		       any_is_met(condition, wanted, value);
	case CONDITION_MOST:
		return condition->count > 0 &&
		       record_unsigned(record, condition->field, &bits) &&
		       bits <= wanted->bits;
	case CONDITION_HOLDS:
		text = record_text(record, condition->field);
		return memmem(text.bytes, text.size, condition->text,
			      strnlen(condition->text, CONDITION_TEXT_SIZE));
	default:
		return false;
	}
}

bool conditions_met(const struct conditions *conditions,
		    const struct record *record)
{
	for (uint32_t i = 0; i < conditions->count; i++)
		if (!is_met(conditions, &conditions->all[i], record))
			return false;
	return true;
}
