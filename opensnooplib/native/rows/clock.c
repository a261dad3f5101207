// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* tm_gmtoff */
#include "rows/clock.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/put_string.h"

#define NS_PER_SECOND 1000000000

static char *put_seconds(char *out, bool negative, uint64_t ns)
{
	if (negative)
		*out++ = '-';
	out = put_number(out, ns / NS_PER_SECOND, 10, 1);
	*out++ = '.';
	return put_number(out, ns % NS_PER_SECOND, 10, 9);
}

char *put_seconds_between(char *out, uint64_t from, uint64_t to)
{
	return put_seconds(out, to < from, to < from ? from - to : to - from);
}

char *put_microseconds_between(char *out, uint64_t from, uint64_t to)
{
	return put_seconds_between(out, from / 1000 * 1000, to / 1000 * 1000);
}

/* The offset from UTC: "+01:00". */
static void write_zone(struct clock *clock, long east_of_utc)
{
	uint64_t minutes =
		(uint64_t)(east_of_utc < 0 ? -east_of_utc : east_of_utc) / 60;
	char *out = clock->zone;

	*out++ = east_of_utc < 0 ? '-' : '+';
	out = put_number(out, minutes / 60 % 100, 10, 2);
	*out++ = ':';
	out = put_number(out, minutes % 60, 10, 2);
	clock->zone_size = (unsigned int)(out - clock->zone);
}

static void write_date(struct clock *clock, int64_t second)
{
	time_t when = (time_t)second;
	struct tm local = {.tm_mday = 1};

	localtime_r(&when, &local);
	clock->second = second;
	clock->date_size = (unsigned int)strftime(
		clock->date, sizeof(clock->date), "%Y-%m-%dT%H:%M:%S", &local);
	write_zone(clock, local.tm_gmtoff);
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

char *put_date(char *out, struct clock *clock, uint64_t ts)
{
	uint64_t ns = find_second(clock, ts);

	out = put_bytes(out, clock->date, clock->date_size);
	*out++ = '.';
	out = put_number(out, ns, 10, 9);
	return put_bytes(out, clock->zone, clock->zone_size);
}

char *put_time_of_day(char *out, struct clock *clock, uint64_t ts)
{
	uint64_t ns = find_second(clock, ts);
	const size_t size = strlen("12:34:56");

	out = put_bytes(out, clock->date + clock->date_size - size, size);
	*out++ = '.';
	return put_number(out, ns / 1000, 10, 6);
}
