/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of two structs of fs/mount.h, which is in no package of kernel
 * headers. Without such headers, they come from BTF.
 */
#pragma once

#ifndef KERNEL_STRUCTS_FROM_BTF
#include <linux/mount.h>
#include <linux/ns_common.h>

/* The same since Linux 3.13. */
struct mount {
	struct hlist_node mnt_hash;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct mnt_namespace {
	char count[MNT_NS_COUNT_SIZE]; /* none since Linux 5.11 */
	struct ns_common ns;
};
#endif
