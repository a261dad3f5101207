/* SPDX-License-Identifier: Apache-2.0 */
/* PAGE_SHIFT is added: that of this machine. */
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
