/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's own bindings are made of. The order of the first include
 * matters to bindgen, as in rust/bindings/bindings_helper.h of the kernel.
 */
#include <linux/hrtimer_types.h>

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/rhashtable.h>
#include <linux/seq_file_net.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/if_addr.h>
#include <linux/inet_diag.h>
#include <linux/in_route.h>
#include <linux/socket.h>
#include <linux/sysctl.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <crypto/sha2.h>
#include <net/addrconf.h>
#include <net/flow.h>
#include <net/inet_common.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/protocol.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>
#include <net/tcp_states.h>
#include <net/transp_v6.h>
#include <uapi/linux/sctp.h>

#include <linux/rust_sctp.h>

#include "helpers.h"

/* Constants that are expressions, which bindgen does not see. */
const long RUST_CONST_HELPER_MAX_SCHEDULE_TIMEOUT = MAX_SCHEDULE_TIMEOUT;
const unsigned long RUST_CONST_HELPER_PAGE_SIZE = PAGE_SIZE;
const unsigned int RUST_CONST_HELPER_EPOLLIN = (unsigned int)EPOLLIN;
const unsigned int RUST_CONST_HELPER_EPOLLOUT = (unsigned int)EPOLLOUT;
const unsigned int RUST_CONST_HELPER_EPOLLERR = (unsigned int)EPOLLERR;
const unsigned int RUST_CONST_HELPER_EPOLLHUP = (unsigned int)EPOLLHUP;
const unsigned int RUST_CONST_HELPER_EPOLLPRI = (unsigned int)EPOLLPRI;
const unsigned int RUST_CONST_HELPER_EPOLLRDHUP = (unsigned int)EPOLLRDHUP;
const unsigned int RUST_CONST_HELPER_EPOLLRDNORM = (unsigned int)EPOLLRDNORM;
const unsigned int RUST_CONST_HELPER_EPOLLWRNORM = (unsigned int)EPOLLWRNORM;
const unsigned int RUST_CONST_HELPER_GFP_KERNEL = (unsigned int)GFP_KERNEL;
const unsigned int RUST_CONST_HELPER_GFP_ATOMIC = (unsigned int)GFP_ATOMIC;
const unsigned long RUST_CONST_HELPER_SLAB_HWCACHE_ALIGN = (unsigned long)SLAB_HWCACHE_ALIGN;
const unsigned int RUST_CONST_HELPER_TX_HEADROOM = MAX_HEADER + sizeof(struct ipv6hdr) + 64;
const unsigned int RUST_CONST_HELPER_MAX_SKB_FRAGS = MAX_SKB_FRAGS;
const netdev_features_t RUST_CONST_HELPER_NETIF_F_SG = NETIF_F_SG;
const netdev_features_t RUST_CONST_HELPER_NETIF_F_HW_CSUM = NETIF_F_HW_CSUM;
const netdev_features_t RUST_CONST_HELPER_NETIF_F_SCTP_CRC = NETIF_F_SCTP_CRC;
const unsigned int RUST_CONST_HELPER_SIOCINQ = SIOCINQ;
const unsigned int RUST_CONST_HELPER_SIOCOUTQ = SIOCOUTQ;
const unsigned long RUST_CONST_HELPER_IP_CMSG_PKTINFO = IP_CMSG_PKTINFO;
const unsigned long RUST_CONST_HELPER_IP_CMSG_TTL = IP_CMSG_TTL;
const unsigned long RUST_CONST_HELPER_IP_CMSG_TOS = IP_CMSG_TOS;
const unsigned int RUST_CONST_HELPER_O_NONBLOCK = O_NONBLOCK;
