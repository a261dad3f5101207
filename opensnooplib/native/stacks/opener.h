/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opener: the process of the scout that opens the files of other processes. It
 * has the capabilities for that, and so it reads none of them: it passes their
 * descriptors on to the parser, its child.
 */
#pragma once

#include <stdint.h>

/* Serve requests of scout.h. The parser is `user` + 1: see parser_run(). */
_Noreturn void opener_run(uint32_t user);
