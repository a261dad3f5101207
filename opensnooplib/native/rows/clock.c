// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* localtime_r */
#include "rows/clock.h"

#include <time.h>

#include "base/kernel_clock.h"
#include "base/put_string.h"

/* "+0100", the offset from UTC as strftime(3) has it. */
#define ZONE_SIZE 5

/* A duration in units of `unit` ns; as many decimals as that has zeros. */
static char *put_duration(char *out, bool is_negative, uint64_t ns,
			  uint64_t unit, unsigned int decimals)
{
	if (is_negative) {
		*out++ = '-';
		ns = -ns;
	}
	out = put_number(out, ns / unit, 10, 1);
	*out++ = '.';
	return put_number(out, ns % unit, 10, decimals);
}

char *put_seconds_between(char *out, uint64_t from, uint64_t to)
{
	return put_duration(out, to < from, to - from, NS_PER_SECOND, 9);
}

char *put_microseconds(char *out, bool is_negative, uint64_t ns)
{
	return put_duration(out, is_negative, ns, 1000, 3);
}

/* Write the date of `ts` into `clock`, and return the ns within its second. */
static uint64_t find_second(struct clock *clock, uint64_t ts)
{
	uint64_t wall = ts + (uint64_t)clock->wall_offset;
	time_t second = (time_t)(wall / NS_PER_SECOND);
	struct tm local;
	size_t size;

	if (clock->date_size == 0 || clock->second != (uint64_t)second) {
		localtime_r(&second, &local);
		size = strftime(clock->date, sizeof(clock->date),
				"%Y-%m-%dT%H:%M:%S%z", &local);
		clock->second = (uint64_t)second;
		clock->date_size = (unsigned int)(size - ZONE_SIZE);
	}
	return wall % NS_PER_SECOND;
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
