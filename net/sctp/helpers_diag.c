// SPDX-License-Identifier: GPL-2.0
/* Wrappers for answers to sock_diag(7). See sys/diag.rs. */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <net/netlink.h>

#include "helpers.h"

struct net *sctp_helper_diag_net(const struct sk_buff *asked)
{
	return sock_net(NETLINK_CB(asked).sk);
}

struct nlmsghdr *sctp_helper_diag_put(struct sk_buff *skb, const struct sk_buff *asked,
				      const struct nlmsghdr *nlh, int flags)
{
	return nlmsg_put(skb, NETLINK_CB(asked).portid, nlh->nlmsg_seq, nlh->nlmsg_type,
			 sizeof(struct inet_diag_msg), flags);
}

struct inet_diag_msg *sctp_helper_diag_msg(struct nlmsghdr *nlh)
{
	return nlmsg_data(nlh);
}

int sctp_helper_diag_attrs(struct sock *sk, struct sk_buff *skb, struct inet_diag_msg *msg, int ext,
			   const struct sk_buff *asked, bool net_admin)
{
	return inet_diag_msg_attrs_fill(sk, skb, msg, ext, sk_user_ns(NETLINK_CB(asked).sk),
					net_admin);
}

void sctp_helper_nlmsg_end(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	nlmsg_end(skb, nlh);
}

void sctp_helper_nlmsg_cancel(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	nlmsg_cancel(skb, nlh);
}

struct sk_buff *sctp_helper_nlmsg_new(size_t payload)
{
	return nlmsg_new(payload, GFP_KERNEL);
}

int sctp_helper_diag_unicast(struct sk_buff *skb, const struct sk_buff *asked)
{
	return nlmsg_unicast(sctp_helper_diag_net(asked)->diag_nlsk, skb, NETLINK_CB(asked).portid);
}
