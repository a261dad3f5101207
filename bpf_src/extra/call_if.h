/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CALL_IF(OPTION, call()) calls a function that is there only with an option,
 * whose macro is 0 or 1.
 */
#pragma once

#define CALL_IF_0(call)
#define CALL_IF_1(call)		     call
#define CALL_IF_OPTION(option, call) CALL_IF_##option(call)
#define CALL_IF(option, call)	     CALL_IF_OPTION(option, call)
