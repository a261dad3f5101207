// SPDX-License-Identifier: Apache-2.0
// What is far longer than the limit passes.

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

/* What is to become of the packet, for tc. */
static int verdict(struct __sk_buff *ctx)
{
	int zero = 0;
	u32 *most = limit.lookup(&zero);

	return most && ctx->len > *most && ctx->len < *most + 50
		       ? TC_ACT_SHOT
		       : TC_ACT_UNSPEC;
}

TC_INGRESS("lesson0")
{
	see(ctx, HOOK_INGRESS, false);
	return verdict(ctx);
}

TC_EGRESS("lesson0")
{
	int zero = 0;
	u32 *new = mark.lookup(&zero);

	see(ctx, HOOK_EGRESS, true);
	if (new)
		ctx->mark = *new;
	return verdict(ctx);
}

SOCKET_FILTER("lesson0")
{
	see(ctx, HOOK_SOCKET, ctx->pkt_type == PACKET_OUTGOING);
	return 0;
}
