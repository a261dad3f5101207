/* SPDX-License-Identifier: Apache-2.0 */
/* BCC brings its own, and includes this first. */
#pragma once

#include <uapi/linux/ptrace.h>
