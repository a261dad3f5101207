/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A syscall as programs for 32 bits make it.
 */
#ifndef OPENSNOOP_INT_0X80_H
#define OPENSNOOP_INT_0X80_H

/*
 * Open `path` for reading by int 0x80. Returns a descriptor or a negative
 * errno: -ENOSYS where the kernel runs no such calls, -EPERM where it kills
 * who makes one, -EOPNOTSUPP where the machine has no int 0x80.
 */
int open_with_32_bits(const char *path);

#endif
