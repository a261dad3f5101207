/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int 0x80: a syscall as 32-bit programs make it.
 */
#pragma once

/*
 * Open `path` for reading, by int 0x80. Returns a descriptor or a negative
 * errno: -ENOSYS: the kernel is built without such calls; -EPERM: it kills
 * whoever makes one; -EOPNOTSUPP: the machine has no int 0x80.
 */
int open_with_int_0x80(const char *path);
