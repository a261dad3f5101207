/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other hooks than a pair of tracepoints: see --attach.
 */
#if PLAN_SYSCALL_EXIT
#include "plans/syscall_exit.h"
#elif PLAN_KPROBE
#include "plans/kprobe.h"
#elif PLAN_FENTRY
#include "plans/fentry.h"
#endif
