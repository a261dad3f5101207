/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of functions whose name is a macro, from the frontend: one macro
 * more, so that the name is expanded before it becomes part of another.
 */
#ifndef PROBE_NAMES_H
#define PROBE_NAMES_H

#define JOIN(prefix, function)	     prefix##function
#define PROBE_NAME(prefix, function) JOIN(prefix, function)

#define FENTRY_PROBE(function, args...) KFUNC_PROBE(function, args)
#define FEXIT_PROBE(function, args...)	KRETFUNC_PROBE(function, args)

#endif
