/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What options add to a record: see record.h.
 */
#if OPTIONAL_FIELDS
#include "extra/fill_fields.h"
#else
#define fill_fields(event, open)
#define fill_latency(event, began)
#endif

#if FIND_DIRECTORIES
#include "extra/full_path.h"
#else
#define find_directories(program, event, open)
#endif

#if WANT_CALLERS
#include "extra/callers.h"
#else
#define fill_callers(ctx, event)
#endif

#if SUMMARY
#include "extra/summary.h"
#else
#define summarize(event)
#endif

/* Called when all other fields and the path are filled. */
static void fill_extras(u32 program, struct event *event,
			const struct open_args *open)
{
	fill_fields(event, open);
	find_directories(program, event, open);
}

/* Called when the open has ended. False if the record isn't to be sent. */
static bool finish_extras(void *ctx, struct event *event, u64 began)
{
	fill_latency(event, began);
	fill_callers(ctx, event);
	if (!SUMMARY || is_tool((u64)event->pid << 32))
		return true;
	summarize(event);
	return false;
}
