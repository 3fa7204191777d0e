// SPDX-License-Identifier: GPL-2.0
/*
 * Several packets in one skb: wrappers of the kernel's inline functions and macros for
 * the Rust side. Prototypes: bindings/helpers.h.
 */
#include <linux/netdevice.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/xfrm.h>

#include "helpers.h"

/* Whether it is several packets: a common header, and a list of their chunks behind it. */
bool sctp_helper_skb_is_train(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_is_gso_sctp(skb) &&
	       skb_shinfo(skb)->gso_size == GSO_BY_FRAGS && skb_has_frag_list(skb) &&
	       skb_headlen(skb) == sizeof(struct sctphdr) && !skb_shinfo(skb)->nr_frags;
}

/* For skb_segment(): there are no headers of a tunnel before those of the link layer. */
void sctp_helper_skb_set_no_tunnel(struct sk_buff *skb)
{
	SKB_GSO_CB(skb)->mac_offset = skb_mac_header(skb) - skb->head;
}

/* Appends @skb to the list of @head, whose last one is @last. */
void sctp_helper_skb_gso_append(struct sk_buff *head, struct sk_buff *last, struct sk_buff *skb)
{
	if (last)
		last->next = skb;
	else
		skb_shinfo(head)->frag_list = skb;
	__skb_header_release(skb);
	head->len += skb->len;
	head->data_len += skb->len;
	head->truesize += skb->truesize;
	skb_shinfo(head)->gso_type = SKB_GSO_SCTP;
	skb_shinfo(head)->gso_size = GSO_BY_FRAGS;
	skb_shinfo(head)->gso_segs++;
}

/* From here on nobody is to compute a checksum. Returns where the packet begins. */
unsigned int sctp_helper_skb_gso_summed(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum_not_inet = 0;
	/* What a UDP tunnel's checksum goes on from. */
	SKB_GSO_CB(skb)->csum = (__force __wsum)~0;
	SKB_GSO_CB(skb)->csum_start = skb_headroom(skb) + skb->len;
	return skb_transport_offset(skb);
}

struct sk_buff *sctp_helper_skb_next(const struct sk_buff *skb)
{
	return skb->next;
}

/* Takes the first skb off a list, and returns the second one. */
struct sk_buff *sctp_helper_skb_unlink(struct sk_buff *skb)
{
	struct sk_buff *next = skb->next;

	skb_mark_not_on_list(skb);
	return next;
}

/*
 * How much may go to the device in one skb, for it or the stack to cut up; or 0. One that
 * takes such skbs but leaves checksums to the stack gets single packets: nobody would
 * compute those of the others.
 */
unsigned int sctp_helper_dst_gso_max_size(const struct dst_entry *dst)
{
	const struct net_device *dev = dst->dev;
	netdev_features_t features = READ_ONCE(dev->features);

	if (!(features & NETIF_F_GSO) || dst_xfrm(dst) ||
	    (features & (NETIF_F_GSO_SCTP | NETIF_F_SCTP_CRC)) == NETIF_F_GSO_SCTP)
		return 0;
	return min3(READ_ONCE(dev->gso_max_size), READ_ONCE(dev->gso_ipv4_max_size),
		    GSO_LEGACY_MAX_SIZE);
}

unsigned int sctp_helper_dst_gso_max_segs(const struct dst_entry *dst)
{
	return READ_ONCE(dst->dev->gso_max_segs);
}
