/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What options add to a record: see record.h.
 */
#include "extra/call_if.h"

#if OPTIONAL_FIELDS
#include "extra/fill_fields.h"
#endif
#if FIND_DIRECTORIES
#include "extra/full_path.h"
#endif
#if WHO
#include "extra/who.h"
#endif
#if HANGING
#include "extra/hanging.h"
#endif

/* Called when all other fields and the path are filled. */
static void fill_extras(u32 program, struct event *event,
			const struct open_args *open)
{
	CALL_IF(OPTIONAL_FIELDS, fill_fields(event, open));
	CALL_IF(WHO, fill_who(event));
	if (program == PROGRAMS) /* an open that begins: see hanging.h */
		return;
	CALL_IF(FIND_DIRECTORIES, find_directories(program, event, open));
	CALL_IF(WANT_EXE, find_exe(program, event));
}

/*
 * Called when the open has ended; `began` is 0 where nobody saw it begin.
 *
 * -c: the return addresses on the caller's user stack, innermost first, which
 * the kernel finds by frame pointers. The reader looks up their names.
 *
 * All are 0 where there is no user stack. The last one is always 0: the reader
 * takes a stack that fills all others for one that is cut.
 */
static void finish_extras(void *ctx, struct event *event, u64 began)
{
	CALL_IF(WANT_LATENCY, event->latency = began ? event->ts - began : 0);
	CALL_IF(WANT_CALLERS,
		bpf_get_stack(ctx, event->callers, CALLERS * sizeof(u64),
			      BPF_F_USER_STACK));
}

/* Called when an open begins that may be wanted. True, for a condition. */
static bool begin_extras(void *ctx, struct open_start *begun)
{
	CALL_IF(WANT_LATENCY, begun->open.began = bpf_ktime_get_ns());
	CALL_IF(HANGING, finish_extras(ctx, keep_record(begun), 0));
	return true;
}
