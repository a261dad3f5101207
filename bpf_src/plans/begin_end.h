/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The begin and the end of an open, for plans that hook functions.
 */
#include "plans/openat2.h"

#if TRUSTED
#include "extra/trusted.h"
#else
#define begin_function(open)	     begin(open)
#define end_function(ctx, call, ret) end_call(ctx, call, ret)
#endif
