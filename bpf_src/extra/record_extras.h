/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What options add to a record: see record.h.
 */
#include "extra/call_if.h"

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

/* Called when all other fields and the path are filled. */
static void fill_extras(u32 program, struct event *event,
			const struct open_args *open)
{
	fill_fields(event, open);
	find_directories(program, event, open);
}

/*
 * -c: the return addresses on the caller's user stack, innermost first, which
 * the kernel finds by frame pointers. The reader looks up their names.
 *
 * All are 0 where there is no user stack. The last one is always 0: the reader
 * takes a stack that fills all others for one that is cut.
 */
#define FILL_CALLERS(ctx, event)                                               \
	bpf_get_stack(ctx, (event)->callers, CALLERS * sizeof(u64),            \
		      BPF_F_USER_STACK)

/* Called when the open has ended. */
static void finish_extras(void *ctx, struct event *event, u64 began)
{
	fill_latency(event, began);
	CALL_IF(WANT_CALLERS, FILL_CALLERS(ctx, event));
}
