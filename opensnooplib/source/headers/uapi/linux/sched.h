/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#define CLONE_THREAD 0x10000
