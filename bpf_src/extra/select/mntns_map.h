/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --mntnsmap: is the caller's mount namespace in the pinned map?
 */
#include "extra/mnt_namespace.h"

BPF_TABLE_PINNED("hash", u64, u32, mntns_set, 1024, MNTNS_MAP);

static bool mntns_in_map(void)
{
	u64 id = mount_namespace();

	return mntns_set.lookup(&id) != NULL;
}
