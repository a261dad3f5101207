/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper child: what all helpers do in their own process.
 *
 * Descriptor 0 is a socket to the trace; no other one stays open. The trace's
 * BPF programs are detached when the last copy of a descriptor is closed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Fork a child that calls run(user), with little memory, in a process group of
 * its own. Returns a socket to it, for packets, or a negative errno.
 */
int helper_fork(void (*run)(uint32_t user), uint32_t user, pid_t *pid);

/* From here on: in the child. */

/* Serve one request after the other, until the trace ends. */
_Noreturn void helper_serve(void (*serve)(const void *request, size_t size));

/* Send the answer. */
void helper_reply(const void *answer, size_t size);

/* Before the answer: the next request gets another child. */
void helper_refuse_more(void);
