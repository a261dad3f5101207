/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frontend adds what the C needs of the types that the kernel itself
 * describes (kernel_structs.py). What libbpf writes isn't to be warned of.
 */
#pragma once
#pragma GCC system_header

#include <linux/kernel.h>
#define TASK_COMM_LEN 16
