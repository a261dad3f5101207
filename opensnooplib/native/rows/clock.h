/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as text: ns of CLOCK_MONOTONIC, as a person reads them.
 *
 * Each function writes at `out`, at most 64 characters, and returns the end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock {
	int64_t wall_offset; /* ns: CLOCK_REALTIME less CLOCK_MONOTONIC */

	/* The second written last, kept since libc takes long for a date. */
	uint64_t second;	/* since 1970 */
	unsigned int date_size; /* without the zone; 0: none was written yet */
	char date[48];		/* "2026-11-23T12:34:56+0100" */
};

/* Date and time as RFC 3339 has them, in local time:
 * "2026-11-23T12:34:56.123456789+01:00". */
char *put_date(char *out, struct clock *clock, uint64_t ts);

/* The time of day, in local time to the microsecond: "12:34:56.123456". */
char *put_time_of_day(char *out, struct clock *clock, uint64_t ts);

/* The seconds between two times, nine decimals; negative if `to` is older. */
char *put_seconds_between(char *out, uint64_t from, uint64_t to);

/* A duration in microseconds, three decimals. */
char *put_microseconds(char *out, bool is_negative, uint64_t ns);
