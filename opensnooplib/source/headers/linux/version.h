/* SPDX-License-Identifier: Apache-2.0 */
/* LINUX_VERSION_CODE is added: that of the running kernel. */
#define KERNEL_VERSION(a, b, c)                                                \
	(((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
