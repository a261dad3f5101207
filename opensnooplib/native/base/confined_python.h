/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confined Python: the system calls that are left to a process of the tool's
 * that runs Python and this library.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Confine this process: see confine() in confine.h. */
int confine_python(uint32_t user, uint64_t kept, bool reads_files);
