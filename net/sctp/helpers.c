// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers of the kernel's inline functions and macros for the Rust side, and
 * nothing else. Prototypes: bindings/helpers.h.
 */
#include <linux/crc32c.h>
#include <linux/debugfs.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/rhashtable.h>
#include <linux/seq_file_net.h>
#include <linux/sched/signal.h>
#include <linux/sysctl.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <crypto/utils.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netns/generic.h>
#include <net/net_namespace.h>
#include <net/protocol.h>
#include <net/route.h>
#include <net/transp_v6.h>
#include <net/xfrm.h>

#include "helpers.h"

#define PARAMS_AT(member)	offsetof(struct sctp_paddrparams, member)
#define BYTES_AT(member)	offsetof(struct sctp_paddrparams_bytes, member)

static_assert(PARAMS_AT(spp_address) == BYTES_AT(spp_address));
static_assert(PARAMS_AT(spp_hbinterval) == BYTES_AT(spp_hbinterval));
static_assert(PARAMS_AT(spp_pathmaxrxt) == BYTES_AT(spp_pathmaxrxt));
static_assert(PARAMS_AT(spp_pathmtu) == BYTES_AT(spp_pathmtu));
static_assert(PARAMS_AT(spp_sackdelay) == BYTES_AT(spp_sackdelay));
static_assert(PARAMS_AT(spp_flags) == BYTES_AT(spp_flags));
static_assert(PARAMS_AT(spp_ipv6_flowlabel) == BYTES_AT(spp_ipv6_flowlabel));
static_assert(PARAMS_AT(spp_dscp) == BYTES_AT(spp_dscp));
static_assert(sizeof(struct sctp_paddrparams) ==
	      sizeof(struct sctp_paddrparams_bytes));

const struct sctp_layout sctp_layout = {
	.sock = sizeof(struct sock),
	.inet_sock = sizeof(struct inet_sock),
	.ipv6_pinfo = sizeof(struct ipv6_pinfo),
	.sk_buff = sizeof(struct sk_buff),
	.msghdr = sizeof(struct msghdr),
	.proto = sizeof(struct proto),
	.proto_ops = sizeof(const struct proto_ops),
	.inet_protosw = sizeof(struct inet_protosw),
	.net_protocol = sizeof(struct net_protocol),
	.inet6_protocol = sizeof(struct inet6_protocol),
	.pernet_operations = sizeof(struct pernet_operations),
	.skb_len = offsetof(struct sk_buff, len),
	.skb_data_len = offsetof(struct sk_buff, data_len),
	.skb_data = offsetof(struct sk_buff, data),
	.skb_truesize = offsetof(struct sk_buff, truesize),
	.msg_flags = offsetof(struct msghdr, msg_flags),
	.msg_iter = offsetof(struct msghdr, msg_iter),
	.paddr_change = sizeof(struct sctp_paddr_change),
	.spc_aaddr = offsetof(struct sctp_paddr_change, spc_aaddr),
	.spc_state = offsetof(struct sctp_paddr_change, spc_state),
	.ctl_table = sizeof(const struct ctl_table),
	.netlink_callback = sizeof(struct netlink_callback),
	.inet_diag_handler = sizeof(struct inet_diag_handler),
	.inet_diag_msg = sizeof(struct inet_diag_msg),
	.info = sizeof(struct sctp_info),
	.seq_operations = sizeof(const struct seq_operations),
	.seq_net_private = sizeof(struct seq_net_private),
};

static const struct rhashtable_params sctp_tag_params = {
	.head_offset = offsetof(struct sctp_tag_node, head),
	.key_offset = offsetof(struct sctp_tag_node, key),
	.key_len = sizeof(struct sctp_tag_key),
	.automatic_shrinking = true,
};

int sctp_helper_tags_init(struct rhashtable *ht)
{
	return rhashtable_init(ht, &sctp_tag_params);
}

void sctp_helper_tags_destroy(struct rhashtable *ht)
{
	rhashtable_destroy(ht);
}

struct sctp_tag_node *sctp_helper_tags_lookup(struct rhashtable *ht,
					      const struct sctp_tag_key *key)
{
	return rhashtable_lookup(ht, key, sctp_tag_params);
}

int sctp_helper_tags_insert(struct rhashtable *ht, struct sctp_tag_node *node)
{
	return rhashtable_lookup_insert_fast(ht, &node->head, sctp_tag_params);
}

int sctp_helper_tags_remove(struct rhashtable *ht, struct sctp_tag_node *node)
{
	return rhashtable_remove_fast(ht, &node->head, sctp_tag_params);
}

void sctp_helper_spin_lock_bh(spinlock_t *lock)
{
	spin_lock_bh(lock);
}

void sctp_helper_spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock_bh(lock);
}

int sctp_helper_spin_trylock_bh(spinlock_t *lock)
{
	return spin_trylock_bh(lock);
}

struct sk_buff *sctp_helper_skb_get(struct sk_buff *skb)
{
	return skb_get(skb);
}

void sctp_helper_consume_skb(struct sk_buff *skb)
{
	consume_skb(skb);
}

struct sk_buff *sctp_helper_skb_share_check(struct sk_buff *skb)
{
	return skb_share_check(skb, GFP_ATOMIC);
}

/* Off with lower headers, and what lower layers know of checksums is not about ours. */
void sctp_helper_skb_prepare(struct sk_buff *skb)
{
	skb_pull(skb, skb_transport_offset(skb));
	skb->csum_valid = 0;
}

bool sctp_helper_skb_has_frag_list(const struct sk_buff *skb)
{
	return skb_has_frag_list(skb);
}

bool sctp_helper_skb_may_pull(struct sk_buff *skb, unsigned int len)
{
	return pskb_may_pull(skb, len);
}

/* Lets go of everything but the data: what is kept must pin no one else. */
void sctp_helper_skb_detach(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	skb->dev = NULL;
	SOCK_SKB_CB(skb)->dropcount = 0;
}

bool sctp_helper_skb_csum_unnecessary(const struct sk_buff *skb)
{
	return skb_csum_unnecessary(skb);
}

u32 sctp_helper_crc32c(u32 crc, const void *data, size_t len)
{
	return crc32c(crc, data, len);
}

unsigned int sctp_helper_skb_headlen(const struct sk_buff *skb)
{
	return skb_headlen(skb);
}

unsigned int sctp_helper_skb_nr_frags(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->nr_frags;
}

unsigned int sctp_helper_skb_frag_size(const struct sk_buff *skb, int i)
{
	return skb_frag_size(&skb_shinfo(skb)->frags[i]);
}

void sctp_helper_skb_add_zeroes(struct sk_buff *skb, int size)
{
	struct page *page = ZERO_PAGE(0);

	get_page(page);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, size, size);
}

void sctp_helper_skb_reserve(struct sk_buff *skb, int len)
{
	skb_reserve(skb, len);
}

void *sctp_helper_skb_put(struct sk_buff *skb, unsigned int len)
{
	return skb_put(skb, len);
}

void sctp_helper_skb_reset_transport_header(struct sk_buff *skb)
{
	skb_reset_transport_header(skb);
}

void sctp_helper_skb_csum_partial(struct sk_buff *skb, u16 offset)
{
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_not_inet = 1;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offset;
}

/*
 * Lets IP, be it that of a router, cut the packet into fragments: here already into
 * ones of at most @size bytes, unless that is 0.
 */
void sctp_helper_skb_allow_fragmenting(struct sk_buff *skb, bool ipv6, u16 size)
{
	skb->ignore_df = 1;
	if (ipv6)
		IP6CB(skb)->frag_max_size = size;
	else
		IPCB(skb)->frag_max_size = size;
}

void sctp_helper_skb_dst_set(struct sk_buff *skb, struct dst_entry *dst)
{
	skb_dst_set(skb, dst);
}

void sctp_helper_skb_set_owner(struct sk_buff *skb, struct sock *sk)
{
	WARN_ON_ONCE(!skb_set_owner_sk_safe(skb, sk));
}

/* What came with a packet, of either family. */
void sctp_helper_skb_arrival(const struct sk_buff *skb, struct sctp_arrival *arrival)
{
	arrival->tstamp = skb->tstamp;
	arrival->mark = skb->mark;
	arrival->priority = skb->priority;
	arrival->ifindex = skb->skb_iif;
	if (ip_hdr(skb)->version == 4) {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &arrival->daddr);
		arrival->traffic_class = ip_hdr(skb)->tos;
		arrival->hop_limit = ip_hdr(skb)->ttl;
	} else {
		arrival->daddr = ipv6_hdr(skb)->daddr;
		arrival->traffic_class = ipv6_get_dsfield(ipv6_hdr(skb));
		arrival->hop_limit = ipv6_hdr(skb)->hop_limit;
	}
}

void sctp_helper_skb_set_arrival(struct sk_buff *skb, ktime_t tstamp, u32 mark, u32 priority)
{
	skb->tstamp = tstamp;
	skb->mark = mark;
	skb->priority = priority;
	SOCK_SKB_CB(skb)->dropcount = 0;
}

/* What is behind @header bytes. At least all of it is to be kept, so that it stays whole. */
bool sctp_helper_sk_filter(struct sock *sk, struct sk_buff *skb, unsigned int header)
{
	int err;

	__skb_pull(skb, header);
	err = sk_filter_trim_cap(sk, skb, skb->len);
	__skb_push(skb, header);
	return !err;
}

const void *sctp_helper_skb_network_header(const struct sk_buff *skb)
{
	return skb_network_header(skb);
}

struct net *sctp_helper_skb_net(const struct sk_buff *skb)
{
	return dev_net(skb->dev);
}

int sctp_helper_skb_dif(const struct sk_buff *skb, bool ipv6)
{
	return ipv6 ? inet6_iif(skb) : inet_iif(skb);
}

int sctp_helper_skb_sdif(const struct sk_buff *skb, bool ipv6)
{
	return ipv6 ? inet6_sdif(skb) : inet_sdif(skb);
}

bool sctp_helper_skb_is_for_host(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_HOST;
}

bool sctp_helper_xfrm_policy_check(struct sk_buff *skb, bool ipv6)
{
	return ipv6 ? xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb) :
		      xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb);
}

int sctp_helper_sk_type(const struct sock *sk)
{
	return sk->sk_type;
}

unsigned long sctp_helper_sk_lingertime(const struct sock *sk)
{
	return READ_ONCE(sk->sk_lingertime);
}

void sctp_helper_sk_set_destruct(struct sock *sk, void (*fn)(struct sock *sk))
{
	sk->sk_destruct = fn;
}

void sctp_helper_sock_hold(struct sock *sk)
{
	sock_hold(sk);
}

void sctp_helper_sock_put(struct sock *sk)
{
	sock_put(sk);
}

struct net *sctp_helper_sock_net(const struct sock *sk)
{
	return sock_net(sk);
}

bool sctp_helper_sk_is_kernel(const struct sock *sk)
{
	return sk->sk_kern_sock;
}

struct socket *sctp_helper_sk_socket(const struct sock *sk)
{
	return sk->sk_socket;
}

void sctp_helper_socket_get_module(const struct socket *sock)
{
	__module_get(sock->ops->owner);
}

bool sctp_helper_sk_is_nonblocking(const struct sock *sk)
{
	struct socket *sock = sk->sk_socket;

	return sock && sock->file && (sock->file->f_flags & O_NONBLOCK);
}

wait_queue_head_t *sctp_helper_sk_sleep(struct sock *sk)
{
	return sk_sleep(sk);
}

int sctp_helper_sock_error(struct sock *sk)
{
	return sock_error(sk);
}

bool sctp_helper_sock_flag(const struct sock *sk, int flag)
{
	return sock_flag(sk, flag);
}

long sctp_helper_sock_rcvtimeo(const struct sock *sk, bool noblock)
{
	return sock_rcvtimeo(sk, noblock);
}

long sctp_helper_sock_sndtimeo(const struct sock *sk, bool noblock)
{
	return sock_sndtimeo(sk, noblock);
}

int sctp_helper_sock_intr_errno(long timeo)
{
	return sock_intr_errno(timeo);
}

bool sctp_helper_signal_pending(void)
{
	return signal_pending(current);
}

void sctp_helper_poll_wait(struct file *file, struct socket *sock, struct poll_table_struct *p)
{
	sock_poll_wait(file, sock, p);
}

void sctp_helper_sk_set_bit_nospace(struct sock *sk)
{
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
}

void sctp_helper_sk_acceptq_added(struct sock *sk)
{
	sk_acceptq_added(sk);
}

void sctp_helper_sk_acceptq_removed(struct sock *sk)
{
	sk_acceptq_removed(sk);
}

void sctp_helper_inet_sk_set_state(struct sock *sk, int state)
{
	inet_sk_set_state(sk, state);
}

void sctp_helper_sock_prot_inuse_add(struct sock *sk, int val)
{
	local_bh_disable();
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, val);
	local_bh_enable();
}

bool sctp_helper_net_is_current(const struct net *net)
{
	return net_eq(current->nsproxy->net_ns, net);
}

bool sctp_helper_can_nonlocal_bind(struct net *net, struct sock *sk)
{
	return inet_can_nonlocal_bind(net, inet_sk(sk));
}

bool sctp_helper_sk_ipv6only(const struct sock *sk)
{
	return ipv6_only_sock(sk);
}

int sctp_helper_sockptr_copy_from(void *dst, sockptr_t src, size_t size)
{
	return copy_from_sockptr(dst, src, size) ? -EFAULT : 0;
}

int sctp_helper_sockptr_is_zero(sockptr_t src, size_t offset, size_t size)
{
	return check_zeroed_sockptr(src, offset, size);
}

bool sctp_helper_is_reserved_port(struct net *net, u16 port)
{
	return inet_is_local_reserved_port(net, port);
}

bool sctp_helper_capable_bind(struct net *net, u16 port)
{
	return !inet_port_requires_bind_service(net, port) ||
	       ns_capable(net->user_ns, CAP_NET_BIND_SERVICE);
}

void sctp_helper_send_sigpipe(void)
{
	send_sig(SIGPIPE, current, 0);
}

/* IPv4 addresses come as mapped ones. inet_num is set by inet_set_local() only. */
void sctp_helper_inet_set_local(struct sock *sk, const struct in6_addr *addr, u16 port)
{
	struct inet_sock *inet = inet_sk(sk);

	inet->inet_num = port;
	inet->inet_sport = htons(port);
	if (sk->sk_family == AF_INET) {
		inet->inet_saddr = addr->s6_addr32[3];
		inet->inet_rcv_saddr = addr->s6_addr32[3];
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		sk->sk_v6_rcv_saddr = *addr;
		inet6_sk(sk)->saddr = *addr;
	}
#endif
}

/* What getsockname() says of a wildcard. */
void sctp_helper_inet_set_source(struct sock *sk, const struct in6_addr *addr)
{
	if (sk->sk_family == AF_INET && !inet_sk(sk)->inet_rcv_saddr)
		inet_sk(sk)->inet_saddr = addr->s6_addr32[3];
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && ipv6_addr_any(&sk->sk_v6_rcv_saddr))
		inet6_sk(sk)->saddr = *addr;
#endif
}

void sctp_helper_inet_set_peer(struct sock *sk, const struct in6_addr *addr, u16 port)
{
	inet_sk(sk)->inet_dport = htons(port);
	if (sk->sk_family == AF_INET)
		inet_sk(sk)->inet_daddr = addr->s6_addr32[3];
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		sk->sk_v6_daddr = *addr;
#endif
}

void sctp_helper_sk_data_ready(struct sock *sk)
{
	sk->sk_data_ready(sk);
}

void sctp_helper_sk_state_change(struct sock *sk)
{
	sk->sk_state_change(sk);
}

void sctp_helper_sk_write_space(struct sock *sk)
{
	sk->sk_write_space(sk);
}

void sctp_helper_sk_error_report(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	sk_error_report(sk);
}

void sctp_helper_timer_setup(struct timer_list *timer, void (*fn)(struct timer_list *))
{
	timer_setup(timer, fn, 0);
}

void sctp_helper_call_rcu(struct rcu_head *head, rcu_callback_t fn)
{
	call_rcu(head, fn);
}

void sctp_helper_init_wait(struct wait_queue_entry *wait)
{
	init_waitqueue_func_entry(wait, woken_wake_function);
	wait->private = current;
	INIT_LIST_HEAD(&wait->entry);
}

int sctp_helper_sk_err(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err);
}

int sctp_helper_sk_shutdown(const struct sock *sk)
{
	return READ_ONCE(sk->sk_shutdown);
}

void sctp_helper_sk_add_shutdown(struct sock *sk, int how)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
}

int sctp_helper_sk_state(const struct sock *sk)
{
	return inet_sk_state_load(sk);
}

int sctp_helper_sk_family(const struct sock *sk)
{
	return READ_ONCE(sk->sk_family);
}

int sctp_helper_sk_bound_dev_if(const struct sock *sk)
{
	return READ_ONCE(sk->sk_bound_dev_if);
}

bool sctp_helper_sk_reuseport(const struct sock *sk)
{
	return sk->sk_reuseport;
}

u32 sctp_helper_sk_uid(const struct sock *sk)
{
	return __kuid_val(sk_uid(sk));
}

u32 sctp_helper_jhash(const void *key, u32 len, u32 seed)
{
	return jhash(key, len, seed);
}

bool sctp_helper_sk_reuse(const struct sock *sk)
{
	return sk->sk_reuse;
}

int sctp_helper_sk_rcvbuf(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvbuf);
}

bool sctp_helper_sk_wants_cmsgs(const struct sock *sk)
{
	return (READ_ONCE(sk->sk_flags) &
		(BIT(SOCK_RCVTSTAMP) | BIT(SOCK_RCVMARK) |
		 BIT(SOCK_RCVPRIORITY))) ||
	       READ_ONCE(sk->sk_tsflags);
}

void sctp_helper_sk_drops_inc(struct sock *sk)
{
	sk_drops_inc(sk);
}

u32 sctp_helper_sk_drops(const struct sock *sk)
{
	return sk_drops_read(sk);
}

bool sctp_helper_sk_wants_drops(const struct sock *sk)
{
	return sock_flag(sk, SOCK_RXQ_OVFL);
}

void sctp_helper_sock_recv_cmsgs(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	sock_recv_cmsgs(msg, sk, skb);
}

unsigned long sctp_helper_inet_cmsg_flags(const struct sock *sk)
{
	return inet_cmsg_flags(inet_sk(sk));
}

bool sctp_helper_inet6_wants_cmsgs(const struct sock *sk)
{
	return sk->sk_family == AF_INET6 && inet6_sk(sk)->rxopt.all;
}

bool sctp_helper_sk_recvpktinfo6(const struct sock *sk)
{
	return inet6_sk(sk)->rxopt.bits.rxinfo;
}

bool sctp_helper_sk_recvhoplimit(const struct sock *sk)
{
	return inet6_sk(sk)->rxopt.bits.rxhlim;
}

bool sctp_helper_sk_recvtclass(const struct sock *sk)
{
	return inet6_sk(sk)->rxopt.bits.rxtclass;
}

int sctp_helper_sk_rcvlowat(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvlowat);
}

int sctp_helper_sk_sndbuf(const struct sock *sk)
{
	return READ_ONCE(sk->sk_sndbuf);
}

int sctp_helper_sk_wmem_alloc_get(const struct sock *sk)
{
	return sk_wmem_alloc_get(sk);
}

bool sctp_helper_sk_acceptq_is_full(const struct sock *sk)
{
	return sk_acceptq_is_full(sk);
}

u32 sctp_helper_sk_ack_backlog(const struct sock *sk)
{
	return READ_ONCE(sk->sk_ack_backlog);
}

u32 sctp_helper_sk_max_ack_backlog(const struct sock *sk)
{
	return READ_ONCE(sk->sk_max_ack_backlog);
}

void sctp_helper_sk_set_backlog(struct sock *sk, int backlog)
{
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
}

bool sctp_helper_socket_is_unconnected(const struct socket *sock)
{
	return sock->state == SS_UNCONNECTED;
}

struct cmsghdr *sctp_helper_cmsg_firsthdr(struct msghdr *msg)
{
	return CMSG_FIRSTHDR(msg);
}

struct cmsghdr *sctp_helper_cmsg_nxthdr(struct msghdr *msg, struct cmsghdr *cmsg)
{
	return cmsg_nxthdr(msg, cmsg);
}

bool sctp_helper_cmsg_ok(const struct msghdr *msg, const struct cmsghdr *cmsg)
{
	return CMSG_OK(msg, cmsg);
}

void *sctp_helper_cmsg_data(struct cmsghdr *cmsg)
{
	return CMSG_DATA(cmsg);
}

size_t sctp_helper_copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	return copy_to_iter(addr, bytes, i);
}

size_t sctp_helper_copy_from_iter(void *addr, size_t bytes, struct iov_iter *i)
{
	return copy_from_iter(addr, bytes, i);
}

/* Of how many pieces in pages it consists, 0 if not of pages. */
size_t sctp_helper_iter_bvecs(const struct iov_iter *i)
{
	return iov_iter_is_bvec(i) ? i->nr_segs : 0;
}

size_t sctp_helper_iter_count(const struct iov_iter *i)
{
	return iov_iter_count(i);
}

int sctp_helper_copy_from_user(void *to, const void __user *from, size_t n)
{
	return copy_from_user(to, from, n) ? -EFAULT : 0;
}

int sctp_helper_copy_to_user(void __user *to, const void *from, size_t n)
{
	return copy_to_user(to, from, n) ? -EFAULT : 0;
}

bool sctp_helper_in_compat_syscall(void)
{
	return in_compat_syscall();
}

void *sctp_helper_net_generic(const struct net *net, unsigned int id)
{
	return net_generic(net, id);
}

bool sctp_helper_memneq(const void *a, const void *b, size_t size)
{
	return crypto_memneq(a, b, size);
}

u64 sctp_helper_ktime_ns(void)
{
	return ktime_get_ns();
}

unsigned long sctp_helper_jiffies_after_ns(u64 ns)
{
	/* One more, as the current jiffy is already running. */
	return jiffies + nsecs_to_jiffies64(ns) + 1;
}

bool sctp_helper_protocol_taken(void)
{
	return rcu_access_pointer(inet_protos[IPPROTO_SCTP]);
}

struct module *sctp_helper_this_module(void)
{
	return THIS_MODULE;
}

struct dentry *sctp_helper_debugfs_dir(const char *name)
{
	return debugfs_create_dir(name, NULL);
}

/* One below zero shows as a very large one. */
void sctp_helper_debugfs_long(const char *name, struct dentry *dir, long *value)
{
	debugfs_create_ulong(name, 0400, dir, (unsigned long *)value);
}

void sctp_helper_debugfs_remove(struct dentry *dir)
{
	debugfs_remove(dir);
}

struct ctl_table_header *sctp_helper_register_sysctls(struct net *net, const char *path,
						      const struct ctl_table *table, size_t size)
{
	return register_net_sysctl_sz(net, path, table, size);
}

void sctp_helper_unregister_sysctls(struct ctl_table_header *header)
{
	unregister_net_sysctl_table(header);
}
