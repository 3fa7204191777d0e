// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers of the kernel's inline functions and macros for the Rust side, and
 * nothing else: the addresses of this host. Prototypes: bindings/helpers.h.
 */
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "helpers.h"

bool sctp_helper_addr_is_local_v4(struct net *net, __be32 addr, int ifindex)
{
	u32 table = l3mdev_fib_table_by_index(net, ifindex) ?: RT_TABLE_LOCAL;

	return inet_addr_type_table(net, addr, table) == RTN_LOCAL;
}

bool sctp_helper_addr_is_local_v6(struct net *net, const struct in6_addr *addr, int iif)
{
	struct net_device *dev;
	bool found;

	rcu_read_lock();
	dev = iif ? dev_get_by_index_rcu(net, iif) : NULL;
	found = (dev || !iif) && ipv6_chk_addr(net, addr, dev, 0);
	rcu_read_unlock();
	return found;
}

struct net_device *sctp_helper_next_dev_rcu(struct net *net, struct net_device *dev)
{
	if (dev)
		return next_net_device_rcu(dev);
	return list_first_or_null_rcu(&net->dev_base_head, struct net_device, dev_list);
}

bool sctp_helper_dev_is_up(const struct net_device *dev)
{
	return READ_ONCE(dev->flags) & IFF_UP;
}

int sctp_helper_dev_ifindex(const struct net_device *dev)
{
	return READ_ONCE(dev->ifindex);
}

int sctp_helper_dev_master_ifindex_rcu(const struct net_device *dev)
{
	return l3mdev_master_ifindex_rcu(dev);
}

struct in_ifaddr *sctp_helper_next_ifa_rcu(struct net_device *dev, struct in_ifaddr *ifa)
{
	struct in_device *idev;

	if (ifa)
		return rcu_dereference(ifa->ifa_next);
	idev = __in_dev_get_rcu(dev);
	return idev ? rcu_dereference(idev->ifa_list) : NULL;
}

__be32 sctp_helper_ifa_local(const struct in_ifaddr *ifa)
{
	return ifa->ifa_local;
}

struct inet6_ifaddr *sctp_helper_next_ifa6_rcu(struct net_device *dev, struct inet6_ifaddr *ifa)
{
	struct inet6_dev *idev;

	if (ifa)
		return list_next_or_null_rcu(&ifa->idev->addr_list, &ifa->if_list,
					     struct inet6_ifaddr, if_list);
	idev = __in6_dev_get(dev);
	if (!idev)
		return NULL;
	return list_first_or_null_rcu(&idev->addr_list, struct inet6_ifaddr, if_list);
}

const struct in6_addr *sctp_helper_ifa6_addr(const struct inet6_ifaddr *ifa)
{
	return &ifa->addr;
}

u32 sctp_helper_ifa6_flags(const struct inet6_ifaddr *ifa)
{
	return READ_ONCE(ifa->flags);
}
