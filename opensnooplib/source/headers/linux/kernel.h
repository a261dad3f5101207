/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/types.h>
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(x, y)                                                              \
	({                                                                     \
		typeof(x) x_ = (x);                                            \
		typeof(y) y_ = (y);                                            \
		x_ < y_ ? x_ : y_;                                             \
	})
#define max(x, y)                                                              \
	({                                                                     \
		typeof(x) x_ = (x);                                            \
		typeof(y) y_ = (y);                                            \
		x_ > y_ ? x_ : y_;                                             \
	})
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
