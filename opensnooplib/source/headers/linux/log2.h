/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BCC computes the size of some maps with roundup_pow_of_two(), which must give
 * a constant for a constant.
 */
#pragma once

#define ilog2(n)	 (63 - __builtin_clzll(n))
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n)-1)) == 0)
#define roundup_pow_of_two(n)                                                  \
	((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzll(((n)-1) | 1)))
