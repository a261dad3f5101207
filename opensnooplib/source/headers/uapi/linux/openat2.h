/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/openat2.h>
