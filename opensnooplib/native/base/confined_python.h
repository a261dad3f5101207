/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confined Python: the system calls that are left to processes of the tool that
 * run Python and this library. Both functions return bits of enum confined.
 */
#pragma once

#include <stdint.h>

/* A trace or a replay, once all that it reads and writes is open. */
int confine_reader(uint32_t user);

/* The watcher of --live: it reads files, and answers. It has `kept`. */
int confine_watcher(uint64_t kept);
