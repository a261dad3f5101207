/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/sched.h>
#include <uapi/linux/ptrace.h>
