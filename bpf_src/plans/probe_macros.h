/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of functions whose name is itself a macro, which the frontend defines.
 * Each macro here calls another one, so that the name is expanded before it
 * becomes part of a longer one.
 */
#pragma once

#define JOIN(prefix, function)	     prefix##function
#define PROBE_NAME(prefix, function) JOIN(prefix, function)

#define FENTRY_PROBE(function, args...) KFUNC_PROBE(function, args)
#define FEXIT_PROBE(function, args...)	KRETFUNC_PROBE(function, args)
