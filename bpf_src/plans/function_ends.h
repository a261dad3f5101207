/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For plans that hook functions: what their probes call.
 *
 * A plan defines BEGIN_PROBE, which makes the program for the begin, and
 * END_PROBE for the end.
 */
#include "plans/registers.h"

#if TRUSTED
#include "plans/trusted.h"
#elif BEGIN_END
#include "plans/end_call.h"
#define begin_function(ctx, open)    begin(ctx, open)
#define end_function(ctx, call, ret) end_call(ctx, call, ret)
#else
#define end_function(ctx, call, ret) report_at_exit(ctx, call, call, ret)
#endif
