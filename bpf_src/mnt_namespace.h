/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel keeps struct mnt_namespace in fs/mount.h, which no package of
 * kernel headers holds. Its start is all that we need: 5.11 took the count
 * away (commit 1a7b8969e664). Where BTF gives the true struct, this is
 * empty.
 */
#if !defined(KERNEL_STRUCTS_FROM_BTF) && !defined(MNT_NAMESPACE_KNOWN)
#define MNT_NAMESPACE_KNOWN
struct mnt_namespace {
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
	atomic_t count;
#endif
	struct ns_common ns;
};
#endif
