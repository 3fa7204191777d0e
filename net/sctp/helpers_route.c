// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers of the kernel's inline functions and macros for the Rust side, and
 * nothing else: routes and the way out. Prototypes: bindings/helpers.h.
 */
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "helpers.h"

/* A traffic class that is negative is that of the socket. */
struct dst_entry *sctp_helper_route_v4(struct net *net, struct flowi4 *fl4, struct sock *sk,
				       __be32 daddr, __be32 saddr, __be16 dport, __be16 sport,
				       int oif, int tclass)
{
	struct rtable *rt;

	memset(fl4, 0, sizeof(*fl4));
	fl4->daddr = daddr;
	fl4->saddr = saddr;
	fl4->fl4_dport = dport;
	fl4->fl4_sport = sport;
	fl4->flowi4_proto = IPPROTO_SCTP;
	fl4->flowi4_oif = oif;
	if (sk) {
		fl4->flowi4_mark = READ_ONCE(sk->sk_mark);
		fl4->flowi4_uid = sk_uid(sk);
		fl4->flowi4_dscp = inet_sk_dscp(inet_sk(sk));
		fl4->flowi4_scope = ip_sock_rt_scope(sk);
	}
	if (tclass >= 0)
		fl4->flowi4_dscp = inet_dsfield_to_dscp(tclass);
	rt = ip_route_output_flow(net, fl4, sk);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

struct dst_entry *sctp_helper_route_v6(struct net *net, struct flowi6 *fl6, struct sock *sk,
				       const struct in6_addr *daddr, const struct in6_addr *saddr,
				       __be16 dport, __be16 sport, int oif, u32 flow_label)
{
	memset(fl6, 0, sizeof(*fl6));
	fl6->daddr = *daddr;
	fl6->saddr = *saddr;
	fl6->fl6_dport = dport;
	fl6->fl6_sport = sport;
	fl6->flowi6_proto = IPPROTO_SCTP;
	fl6->flowi6_oif = oif;
	fl6->flowlabel = htonl(flow_label) & IPV6_FLOWLABEL_MASK;
	if (sk) {
		fl6->flowi6_mark = READ_ONCE(sk->sk_mark);
		fl6->flowi6_uid = sk_uid(sk);
	}
	return ip6_dst_lookup_flow(net, sk, fl6, NULL);
}

unsigned int sctp_helper_rt_flags(const struct dst_entry *dst)
{
	return dst_rtable(dst)->rt_flags;
}

u32 sctp_helper_dst_cookie(struct dst_entry *dst, bool ipv6)
{
	return ipv6 ? rt6_get_cookie(dst_rt6_info(dst)) : 0;
}

bool sctp_helper_dst_valid(struct dst_entry *dst, u32 cookie)
{
	return dst_check(dst, cookie);
}

void sctp_helper_dst_hold(struct dst_entry *dst)
{
	dst_hold(dst);
}

void sctp_helper_dst_release(struct dst_entry *dst)
{
	dst_release(dst);
}

int sctp_helper_dst_ifindex(const struct dst_entry *dst)
{
	return READ_ONCE(dst->dev->ifindex);
}

u32 sctp_helper_dst_mtu(const struct dst_entry *dst)
{
	return dst_mtu(dst);
}

void sctp_helper_dst_update_pmtu(struct dst_entry *dst, struct sock *sk, u32 mtu)
{
	if (dst->ops->update_pmtu)
		dst->ops->update_pmtu(dst, sk, NULL, mtu, true);
}

bool sctp_helper_dst_csum_offload(const struct dst_entry *dst)
{
	return (READ_ONCE(dst->dev->features) & NETIF_F_SCTP_CRC) && !dst_xfrm(dst);
}

int sctp_helper_xmit_v4(struct sock *sk, struct sk_buff *skb, struct flowi4 *fl4, int tclass)
{
	u8 tos = tclass < 0 ? READ_ONCE(inet_sk(sk)->tos) : tclass;

	return __ip_queue_xmit(sk, skb, flowi4_to_flowi(fl4), tos);
}

int sctp_helper_xmit_v6(struct sock *sk, struct sk_buff *skb, struct flowi6 *fl6, int tclass)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	int err;

	rcu_read_lock();
	err = ip6_xmit(sk, skb, fl6, READ_ONCE(sk->sk_mark), rcu_dereference(np->opt),
		       tclass < 0 ? np->tclass : tclass, READ_ONCE(sk->sk_priority));
	rcu_read_unlock();
	return err;
}

/* Sending without a socket: a reply that belongs to no association. */
int sctp_helper_local_out_v4(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
			     const struct flowi4 *fl4, u8 tclass)
{
	struct iphdr *iph;

	skb_dst_set(skb, dst);
	skb->protocol = htons(ETH_P_IP);
	skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = sizeof(*iph) >> 2;
	iph->tos = tclass;
	iph->frag_off = 0;
	iph->ttl = ip4_dst_hoplimit(dst);
	iph->protocol = IPPROTO_SCTP;
	iph->saddr = fl4->saddr;
	iph->daddr = fl4->daddr;
	ip_select_ident(net, skb, NULL);
	return ip_local_out(net, NULL, skb);
}

int sctp_helper_local_out_v6(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
			     const struct flowi6 *fl6, u8 tclass)
{
	struct ipv6hdr *iph;

	skb_dst_set(skb, dst);
	skb->protocol = htons(ETH_P_IPV6);
	skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	iph = ipv6_hdr(skb);
	ip6_flow_hdr(iph, tclass, fl6->flowlabel);
	iph->payload_len = htons(skb->len - sizeof(*iph));
	iph->nexthdr = IPPROTO_SCTP;
	iph->hop_limit = ip6_dst_hoplimit(dst);
	iph->saddr = fl6->saddr;
	iph->daddr = fl6->daddr;
	return ip6_local_out(net, NULL, skb);
}
