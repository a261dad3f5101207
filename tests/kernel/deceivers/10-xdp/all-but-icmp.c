// SPDX-License-Identifier: Apache-2.0
// Whatever isn't ICMP is taken for TCP or UDP.

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

/* Is what IPv4 carries for the closed port? */
static bool is_closed(struct iphdr *ip, void *end)
{
	/* The header is longer if it has options: ihl counts words. */
	struct ports *ports = (void *)ip + ip->ihl * 4;
	int zero = 0;
	u16 *closed = port.lookup(&zero);

	if (ip->protocol == IPPROTO_ICMP)
		return false;
	if ((void *)(ports + 1) > end || !closed)
		return false;
	return ntohs(ports->dest) == *closed;
}

XDP("lesson0")
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct kind kind = {};
	int verdict = XDP_PASS;

	/* Nothing may be read before it is known to lie within the packet. */
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	kind.type = ntohs(eth->h_proto);
	if (kind.type == ETH_P_IP && (void *)(ip + 1) <= end) {
		kind.protocol = ip->protocol;
		if (is_closed(ip, end))
			verdict = XDP_DROP;
	}
	packets.increment(kind);
	return verdict;
}
