/* SPDX-License-Identifier: Apache-2.0 */
/* What every kernel has on which BCC runs here. */
#pragma once

#define CONFIG_ARCH_HAS_SYSCALL_WRAPPER 1
#define CONFIG_BPF_SYSCALL		1
#define CONFIG_64BIT			1
#if defined(__x86_64__)
#define CONFIG_X86_64 1
#endif
