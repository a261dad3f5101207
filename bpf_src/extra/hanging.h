/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --hanging: what a record of an open that is under way would hold. The path is
 * in the map "start", which also says whether the open is still under way. The
 * frontend makes a row of both.
 */
#include "extra/record_values.h"

/* All fields before the path. */
struct kept_fields {
	char bytes[offsetof(struct event, path)];
};

/* By thread, for the last open that it began. */
BPF_HASH(hanging, u32, struct kept_fields, START_ENTRIES);

/* They are built here: the BPF stack has only 512 bytes. */
BPF_PERCPU_ARRAY(hanging_scratch, struct kept_fields, 1);

static void fill_event(u32 program, struct event *event,
		       const struct open_args *open, u64 pid_tgid, long ret);

static void keep_fields(const struct open_args *open, u64 pid_tgid)
{
	u32 tid = bpf_get_current_pid_tgid(), zero = 0;
	struct kept_fields *kept = hanging_scratch.lookup(&zero);
	struct event *event = (struct event *)kept;

	if (!kept)
		return;
	fill_event(AT_BEGIN, event, open, pid_tgid, UNDER_WAY);
	if (FULL_PATH) /* of a relative name, which the frontend knows */
		event->dir_state = DIR_IS_KNOWN | DIR_CUT;
	hanging.update(&tid, kept);
}

static void forget_fields(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	hanging.delete(&tid);
}
