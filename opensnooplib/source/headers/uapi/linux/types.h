/* SPDX-License-Identifier: Apache-2.0 */
/* See linux/types.h. */
#pragma once
