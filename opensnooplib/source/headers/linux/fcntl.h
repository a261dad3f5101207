/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of open(2) are added, with their values on this machine. */
#define AT_FDCWD -100
