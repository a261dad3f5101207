// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* localtime_r */
#include "rows/clock.h"

#include <string.h>
#include <time.h>

#include "base/kernel_clock.h"
#include "base/put_string.h"

/* "+0100", the offset from UTC as strftime(3) has it. */
#define ZONE_SIZE 5

char *put_seconds_between(char *out, uint64_t from, uint64_t to)
{
	uint64_t ns = to - from;

	if (to < from) {
		*out++ = '-';
		ns = -ns;
	}
	out = put_number(out, ns / NS_PER_SECOND, 10, 1);
	*out++ = '.';
	return put_number(out, ns % NS_PER_SECOND, 10, 9);
}

char *put_microseconds_between(char *out, uint64_t from, uint64_t to)
{
	return put_seconds_between(out, from / 1000 * 1000, to / 1000 * 1000);
}

static void write_date(struct clock *clock, int64_t second)
{
	time_t when = (time_t)second;
	struct tm local = {.tm_mday = 1};
	size_t size;

	localtime_r(&when, &local);
	size = strftime(clock->date, sizeof(clock->date), "%Y-%m-%dT%H:%M:%S%z",
			&local);
	clock->second = second;
	clock->date_size = (unsigned int)(size - ZONE_SIZE);
}

/* Write the date of `ts` into `clock`, and return the ns within its second. */
static uint64_t find_second(struct clock *clock, uint64_t ts)
{
	int64_t wall = (int64_t)(ts + (uint64_t)clock->wall_offset);
	int64_t ns = wall % NS_PER_SECOND;
	int64_t second = wall / NS_PER_SECOND;

	if (ns < 0) {
		ns += NS_PER_SECOND;
		second--;
	}
	if (clock->date_size == 0 || second != clock->second)
		write_date(clock, second);
	return (uint64_t)ns;
}

/* RFC 3339 wants a colon in the zone. */
char *put_date(char *out, struct clock *clock, uint64_t ts)
{
	uint64_t ns = find_second(clock, ts);
	const char *zone = clock->date + clock->date_size;

	out = put_bytes(out, clock->date, clock->date_size);
	*out++ = '.';
	out = put_number(out, ns, 10, 9);
	out = put_bytes(out, zone, 3);
	*out++ = ':';
	return put_bytes(out, zone + 3, 2);
}

char *put_time_of_day(char *out, struct clock *clock, uint64_t ts)
{
	uint64_t ns = find_second(clock, ts);
	const size_t size = strlen("12:34:56");

	out = put_bytes(out, clock->date + clock->date_size - size, size);
	*out++ = '.';
	return put_number(out, ns / 1000, 10, 6);
}
