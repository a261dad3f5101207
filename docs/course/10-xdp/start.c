// SPDX-License-Identifier: Apache-2.0

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

/* Two numbers of a packet that say what it carries. */
struct kind {
	u16 type;     /* of the Ethernet frame, such as ETH_P_IP */
	u16 protocol; /* of IPv4, such as IPPROTO_TCP; or 0 */
};

/* What TCP and UDP begin with. */
struct ports {
	__be16 source;
	__be16 dest;
};

BPF_HASH(packets, struct kind, u64);

/* The port that is closed: --set port=7777 */
BPF_ARRAY(port, u16, 1); /* maps: none */

XDP("lesson0")
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct kind kind = {};

	/* Nothing may be read before it is known to lie within the packet. */
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	kind.type = ntohs(eth->h_proto);
	packets.increment(kind);
	return XDP_PASS;
}
