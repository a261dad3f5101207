/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the conditions of a selection call: see select.h.
 */
#include "extra/select/dots.h"
#if FOLLOW_CHILDREN
#include "extra/select/children.h"
#endif
#ifdef SELECT_COMM
#include "extra/select/comm.h"
#endif
#ifdef CGROUP_SLOTS
#include "extra/select/cgroups.h"
#endif
#if CGROUP_VERSION_1
#include "extra/select/cgroups_version_1.h"
#endif
#ifdef SELECT_UNIT
#include "extra/select/unit.h"
#endif
#ifdef SELECT_MNTNS
#include "extra/mnt_namespace.h"
#endif
#ifdef CGROUP_MAP
#include "extra/select/cgroup_map.h"
#endif
#ifdef MNTNS_MAP
#include "extra/select/mntns_map.h"
#endif
