/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h */
#pragma once

#include <linux/types.h>
#if defined(__x86_64__)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__aarch64__)
struct pt_regs {
	unsigned long long regs[31], sp, pc, pstate, orig_x0;
};
#endif
