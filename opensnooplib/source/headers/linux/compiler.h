/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#define __always_inline inline __attribute__((always_inline))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
