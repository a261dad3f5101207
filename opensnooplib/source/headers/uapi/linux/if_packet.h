/* SPDX-License-Identifier: Apache-2.0 */
/* BCC includes this, and needs nothing of it. */
#pragma once
