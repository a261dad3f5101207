/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The selection: which opens are wanted.
 *
 * Each option becomes one #define, and only the tests that were asked for are
 * compiled. Many of these macros are whole conditions: -p 12,34 makes
 * SELECT_PID(pid) ((pid) == 12 || (pid) == 34), for example.
 */

#ifdef CGROUP_MAP
BPF_TABLE_PINNED("hash", u64, u64, cgroup_set, 1024, CGROUP_MAP);

static bool cgroup_in_map(void)
{
	u64 id = bpf_get_current_cgroup_id();

	return cgroup_set.lookup(&id) != NULL;
}
#endif

#ifdef SELECT_CGROUP
#include "extra/cgroups.h"
#endif

#ifdef SELECT_MNTNS
#include "extra/mnt_namespace.h"
#endif

#ifdef MNTNS_MAP
#include "extra/mnt_namespace.h"

BPF_TABLE_PINNED("hash", u64, u32, mntns_set, 1024, MNTNS_MAP);

static bool mntns_in_map(void)
{
	u64 id = mount_namespace();

	return mntns_set.lookup(&id) != NULL;
}
#endif

#ifdef FOLLOW_CHILDREN
#include "extra/children.h"
#endif

#ifdef SELECT_COMM
#include "extra/comm.h"

static bool comm_selected(void)
{
	union {
		char bytes[TASK_COMM_LEN];
		u64 halves[2];
	} comm;

	caller_comm(comm.bytes);
	return comm_holds_text(bpf_ntohll(comm.halves[0]),
			       bpf_ntohll(comm.halves[1]));
}
#endif

/* The caller, which is known when the open begins. */
static bool caller_selected(u64 pid_tgid)
{
#ifdef SELECT_PID
	u32 pid = pid_tgid >> 32;

	if (!SELECT_PID(pid))
		return false;
#endif
#ifdef SELECT_TID
	u32 tid = pid_tgid;

	if (!SELECT_TID(tid))
		return false;
#endif
#ifdef SELECT_UID
	u32 uid = bpf_get_current_uid_gid();

	if (!SELECT_UID(uid))
		return false;
#endif
#ifdef FOLLOW_CHILDREN
	if (!followed_threads())
		return false;
#endif
#ifdef SELECT_COMM
	if (!comm_selected())
		return false;
#endif
#ifdef CGROUP_MAP
	if (!cgroup_in_map())
		return false;
#endif
#ifdef SELECT_CGROUP
	if (!SELECT_CGROUP)
		return false;
#endif
#ifdef MNTNS_MAP
	if (!mntns_in_map())
		return false;
#endif
#ifdef SELECT_MNTNS
	u32 mntns = mount_namespace();

	if (!SELECT_MNTNS(mntns))
		return false;
#endif
	return true;
}

#ifdef SELECT_PATH
#include "extra/path_patterns.h"
#endif

/* The path, which is in a buffer of `room` bytes. */
static bool path_selected(const char *path, s32 path_size, u64 room)
{
#ifdef SELECT_PATH
	return path_may_be_selected(path, path_size, room);
#else
	return true;
#endif
}

static bool event_path_selected(const struct event *event)
{
	return path_selected(event->path, event->path_size, PATH_ROOM);
}

/* The flags, which are known when the open begins. */
static bool flags_selected(u64 flags)
{
#ifdef SELECT_FLAGS
	return SELECT_FLAGS(flags);
#else
	return true;
#endif
}

/* The result, which is known when the open ends. */
static bool result_selected(long ret)
{
#ifdef SELECT_FAILED
	if (ret >= 0)
		return false;
#endif
#ifdef SELECT_ERRNO
	u32 error = -ret;

	if (!SELECT_ERRNO(error))
		return false;
#endif
	return true;
}
