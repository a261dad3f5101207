/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#define RESOLVE_IN_ROOT 0x10
struct open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};
