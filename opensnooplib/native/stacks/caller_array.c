// SPDX-License-Identifier: Apache-2.0
#include "stacks/caller_array.h"

/* How often an address must be repeated before the caller is unknown. */
#define CALLER_REPEATS_MIN 16

/* The address in element `index`; 0 if there is no such element. */
static uint64_t caller_at(const struct caller_array *array, uint32_t index)
{
	uint64_t address = 0;

	if (index < array->size)
		record_unsigned(array->record,
				array_element(array->first, index), &address);
	return address;
}

/* Is it known that the process had code just before `address`? */
static bool has_code(struct callers *callers, const struct caller_array *array,
		     uint64_t address)
{
	struct mapping *mapping;
	uint64_t pid;
	uint64_t ts;

	return callers &&
	       record_unsigned(array->record, array->layout->pid, &pid) &&
	       record_unsigned(array->record, array->layout->ts, &ts) &&
	       mappings_find(&callers->mappings, (uint32_t)pid, ts, address - 1,
			     &mapping) == MAPPED;
}

bool callers_repeat_from(struct callers *callers,
			 const struct caller_array *array, uint32_t index)
{
	uint64_t address = caller_at(array, index);
	uint32_t end = index;

	if (address == 0 || index == 0 ||
	    caller_at(array, index - 1) != address ||
	    (index > 1 && caller_at(array, index - 2) == address))
		return false;
	while (caller_at(array, end) == address)
		end++;
	return end - index >= CALLER_REPEATS_MIN &&
	       caller_at(array, end) == 0 && !has_code(callers, array, address);
}

uint32_t caller_count(struct callers *callers, const struct caller_array *array)
{
	uint32_t count = 0;

	while (caller_at(array, count) != 0) {
		if (callers_repeat_from(callers, array, count))
			return count + 1;
		count++;
	}
	return count == 0 || count + 1 == array->size ? count + 1 : count;
}
