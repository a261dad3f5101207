/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of the kernel's own headers for the network: short names of fields,
 * which may be the names of fields in other C.
 */
#pragma once

/* include/net/sock.h, include/net/inet_sock.h, include/linux/tcp.h */
#define sk_family	__sk_common.skc_family
#define sk_state	__sk_common.skc_state
#define sk_num		__sk_common.skc_num
#define sk_dport	__sk_common.skc_dport
#define sk_daddr	__sk_common.skc_daddr
#define sk_rcv_saddr	__sk_common.skc_rcv_saddr
#define sk_v6_daddr	__sk_common.skc_v6_daddr
#define sk_v6_rcv_saddr __sk_common.skc_v6_rcv_saddr
#define sk_net		__sk_common.skc_net
#define sk_bound_dev_if __sk_common.skc_bound_dev_if
#define sk_cookie	__sk_common.skc_cookie
#define inet_daddr	sk.__sk_common.skc_daddr
#define inet_rcv_saddr	sk.__sk_common.skc_rcv_saddr
#define inet_dport	sk.__sk_common.skc_dport
#define inet_num	sk.__sk_common.skc_num
#define s6_addr		in6_u.u6_addr8
#define s6_addr16	in6_u.u6_addr16
#define s6_addr32	in6_u.u6_addr32
#define inet_sk(sk)	((struct inet_sock *)(sk))
#define inet_csk(sk)	((struct inet_connection_sock *)(sk))
#define tcp_sk(sk)	((struct tcp_sock *)(sk))
#define udp_sk(sk)	((struct udp_sock *)(sk))
#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)&((skb)->cb[0]))
