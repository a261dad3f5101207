/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills the fields of optional_fields.h. With FILL, what sets a field that
 * isn't there is left out.
 */
#define FILL_0(field, value)
#define FILL_1(field, value)	event->field = (value)
#define FILL_(want, field, value) FILL_##want(field, value)
#define FILL(want, field, value)  FILL_(want, field, value)

#if WANT_PPID
#include "extra/parent.h"
#endif
#if WANT_MNTNS
#include "extra/mnt_namespace.h"
#endif

static void fill_fields(struct event *event, const struct open_args *open)
{
	FILL(WANT_CGROUP_ID, cgroup_id, bpf_get_current_cgroup_id());
	FILL(WANT_CALL, call, open->call);
	FILL(WANT_GID, gid, bpf_get_current_uid_gid() >> 32);
	FILL(WANT_PPID, ppid, parent_pid());
	FILL(WANT_MNTNS, mntns, mount_namespace());
	FILL(PATH_VIEW_HOST, fs_device, 0);
	FILL(PATH_VIEW_HOST, fs_size, 0);
	FILL(PATH_VIEW_HOST, mount_size, 0);
}

/* `began` is 0 where nobody saw the open begin. */
static void fill_latency(struct event *event, u64 began)
{
	FILL(WANT_LATENCY, latency, began ? event->ts - began : 0);
}
