// SPDX-License-Identifier: Apache-2.0

#include <linux/if_packet.h>

enum hook { HOOK_INGRESS, HOOK_EGRESS, HOOK_SOCKET };

struct event {
	enum hook hook; /* that sees the packet */
	bool leaves;	/* or it arrives */
	u32 length;	/* in bytes, with the Ethernet header */
	u32 mark;	/* a number that only this host's kernel knows */
};

BPF_PERF_OUTPUT(events);
BPF_ARRAY(limit, u32, 1); /* no longer packet passes: --set limit=100 */
BPF_ARRAY(mark, u32, 1);  /* what leaves is marked so: --set mark=7 */

static void see(struct __sk_buff *ctx, enum hook hook, bool leaves)
{
	struct event event = {};

	event.hook = hook;
	event.leaves = leaves;
	event.length = ctx->len;
	event.mark = ctx->mark;
	events.perf_submit(ctx, &event, sizeof(event));
}

TC_INGRESS("lesson0")
{
	see(ctx, HOOK_INGRESS, false);
	return TC_ACT_UNSPEC;
}
