/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inline functions and macros of the kernel that the Rust side needs as
 * functions. Each does what its name says and nothing else: what one of these
 * would decide is decided in net/sctp/sys.
 */
#ifndef _RUST_SCTP_HELPERS_H
#define _RUST_SCTP_HELPERS_H

#include <linux/rhashtable-types.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <net/dst.h>
#include <net/sock.h>
#include <uapi/linux/sctp.h>

struct ctl_table;
struct ctl_table_header;
struct flowi4;
struct flowi6;
struct in_ifaddr;
struct inet_diag_msg;
struct inet6_ifaddr;
struct ipv6_pinfo;

/* An entry of the table of associations by verification tag. */
struct sctp_tag_key {
	__u32 tag;
	__u16 local_port;
	__u16 peer_port;
};

struct sctp_tag_node {
	struct rhash_head head;
	struct sctp_tag_key key;
	struct rcu_head rcu;
	void *owner;
};

int sctp_helper_tags_init(struct rhashtable *ht);
void sctp_helper_tags_destroy(struct rhashtable *ht);
struct sctp_tag_node *sctp_helper_tags_lookup(struct rhashtable *ht,
					      const struct sctp_tag_key *key);
int sctp_helper_tags_insert(struct rhashtable *ht, struct sctp_tag_node *node);
int sctp_helper_tags_remove(struct rhashtable *ht, struct sctp_tag_node *node);

/*
 * struct sctp_paddrparams, whose packing bindgen misunderstands: what follows
 * the member of two bytes is not aligned. helpers.c compares the two.
 */
struct sctp_paddrparams_bytes {
	sctp_assoc_t spp_assoc_id;
	__u8 spp_address[128];
	__u32 spp_hbinterval;
	__u16 spp_pathmaxrxt;
	__u8 spp_pathmtu[4];
	__u8 spp_sackdelay[4];
	__u8 spp_flags[4];
	__u8 spp_ipv6_flowlabel[4];
	__u8 spp_dscp;
};

void sctp_helper_spin_lock_bh(spinlock_t *lock);
void sctp_helper_spin_unlock_bh(spinlock_t *lock);
int sctp_helper_spin_trylock_bh(spinlock_t *lock);

/*
 * Sizes and offsets as the C compiler has them, for the Rust side to compare
 * with those of its bindings, which another compiler has made.
 */
struct sctp_layout {
	size_t sock, inet_sock, ipv6_pinfo, sk_buff, msghdr;
	size_t proto, proto_ops, inet_protosw, net_protocol, inet6_protocol, pernet_operations;
	size_t skb_len, skb_data_len, skb_data, skb_truesize;
	size_t msg_flags, msg_iter;
	size_t paddr_change, spc_aaddr, spc_state;
	size_t ctl_table, netlink_callback, inet_diag_handler, inet_diag_msg, info;
	size_t seq_operations, seq_net_private;
};

extern const struct sctp_layout sctp_layout;

/* How a packet came; an IPv4 address is mapped. */
struct sctp_arrival {
	ktime_t tstamp;
	__u32 mark;
	__u32 priority;
	int ifindex;
	struct in6_addr daddr;
	__u8 traffic_class;
	__u8 hop_limit;
};

/* sk_buff */
struct sk_buff *sctp_helper_skb_get(struct sk_buff *skb);
void sctp_helper_consume_skb(struct sk_buff *skb);
struct sk_buff *sctp_helper_skb_share_check(struct sk_buff *skb);
void sctp_helper_skb_prepare(struct sk_buff *skb);
bool sctp_helper_skb_is_train(const struct sk_buff *skb);
void sctp_helper_skb_set_no_tunnel(struct sk_buff *skb);
void sctp_helper_skb_gso_append(struct sk_buff *head, struct sk_buff *last, struct sk_buff *skb);
unsigned int sctp_helper_skb_gso_summed(struct sk_buff *skb);
struct sk_buff *sctp_helper_skb_next(const struct sk_buff *skb);
struct sk_buff *sctp_helper_skb_unlink(struct sk_buff *skb);
bool sctp_helper_skb_has_frag_list(const struct sk_buff *skb);
bool sctp_helper_skb_may_pull(struct sk_buff *skb, unsigned int len);
void sctp_helper_skb_detach(struct sk_buff *skb);
bool sctp_helper_skb_csum_unnecessary(const struct sk_buff *skb);
u32 sctp_helper_crc32c(u32 crc, const void *data, size_t len);
unsigned int sctp_helper_skb_headlen(const struct sk_buff *skb);
unsigned int sctp_helper_skb_nr_frags(const struct sk_buff *skb);
unsigned int sctp_helper_skb_frag_size(const struct sk_buff *skb, int i);
void sctp_helper_skb_add_frag(struct sk_buff *skb, const struct sk_buff *from,
			      int i, int off, int size);
struct sk_buff *sctp_helper_alloc_piece(struct sock *sk, unsigned int len, int max_order, int *err);
ssize_t sctp_helper_skb_splice(struct sk_buff *skb, struct iov_iter *iter, size_t len, bool shared);
void sctp_helper_skb_zcopy_set(struct sk_buff *skb, struct ubuf_info *uarg);
void sctp_helper_skb_zcopy_set_copied(struct sk_buff *skb);
void sctp_helper_ubuf_set_copied(struct ubuf_info *uarg);
void sctp_helper_net_zcopy_put(struct ubuf_info *uarg);
void sctp_helper_skb_chain(struct sk_buff *skb, struct sk_buff *last, struct sk_buff *piece);
struct sk_buff *sctp_helper_skb_next_piece(const struct sk_buff *skb, const struct sk_buff *piece);
void sctp_helper_skb_add_zeroes(struct sk_buff *skb, int size);
void sctp_helper_skb_reserve(struct sk_buff *skb, int len);
void *sctp_helper_skb_put(struct sk_buff *skb, unsigned int len);
void sctp_helper_skb_reset_transport_header(struct sk_buff *skb);
void sctp_helper_skb_csum_partial(struct sk_buff *skb, u16 offset);
void sctp_helper_skb_allow_fragmenting(struct sk_buff *skb, bool ipv6, u16 size);
void sctp_helper_skb_dst_set(struct sk_buff *skb, struct dst_entry *dst);
void sctp_helper_skb_set_owner(struct sk_buff *skb, struct sock *sk);
void sctp_helper_skb_arrival(const struct sk_buff *skb, struct sctp_arrival *arrival);
void sctp_helper_skb_set_arrival(struct sk_buff *skb, ktime_t tstamp, u32 mark, u32 priority);
bool sctp_helper_sk_filter(struct sock *sk, struct sk_buff *skb, unsigned int header);
const void *sctp_helper_skb_network_header(const struct sk_buff *skb);
struct net *sctp_helper_skb_net(const struct sk_buff *skb);
int sctp_helper_skb_dif(const struct sk_buff *skb, bool ipv6);
int sctp_helper_skb_sdif(const struct sk_buff *skb, bool ipv6);
bool sctp_helper_skb_is_for_host(const struct sk_buff *skb);
bool sctp_helper_xfrm_policy_check(struct sk_buff *skb, bool ipv6);

/* sock */
int sctp_helper_sk_type(const struct sock *sk);
unsigned long sctp_helper_sk_lingertime(const struct sock *sk);
void sctp_helper_sk_set_destruct(struct sock *sk, void (*fn)(struct sock *sk));
void sctp_helper_sock_hold(struct sock *sk);
void sctp_helper_sock_put(struct sock *sk);
struct net *sctp_helper_sock_net(const struct sock *sk);
bool sctp_helper_sk_is_kernel(const struct sock *sk);
struct socket *sctp_helper_sk_socket(const struct sock *sk);
void sctp_helper_socket_get_module(const struct socket *sock);
bool sctp_helper_sk_is_nonblocking(const struct sock *sk);
wait_queue_head_t *sctp_helper_sk_sleep(struct sock *sk);
int sctp_helper_sock_error(struct sock *sk);
bool sctp_helper_sock_flag(const struct sock *sk, int flag);
long sctp_helper_sock_rcvtimeo(const struct sock *sk, bool noblock);
long sctp_helper_sock_sndtimeo(const struct sock *sk, bool noblock);
int sctp_helper_sock_intr_errno(long timeo);
bool sctp_helper_signal_pending(void);
void sctp_helper_poll_wait(struct file *file, struct socket *sock, struct poll_table_struct *p);
void sctp_helper_sk_set_bit_nospace(struct sock *sk);
void sctp_helper_sk_acceptq_added(struct sock *sk);
void sctp_helper_sk_acceptq_removed(struct sock *sk);
void sctp_helper_inet_sk_set_state(struct sock *sk, int state);
void sctp_helper_sock_prot_inuse_add(struct sock *sk, int val);
void sctp_helper_clone_v6(struct sock *newsk, const struct sock *sk, struct ipv6_pinfo *np);
void sctp_helper_clone_v4(struct sock *newsk);
void sctp_helper_sock_orphan(struct sock *sk);
bool sctp_helper_clone_options(struct sock *newsk, const struct sock *sk);
unsigned int sctp_helper_sk_options_len(const struct sock *sk, bool ipv6);
bool sctp_helper_net_is_current(const struct net *net);
bool sctp_helper_can_nonlocal_bind(struct net *net, struct sock *sk);
bool sctp_helper_sk_ipv6only(const struct sock *sk);
int sctp_helper_sockptr_copy_from(void *dst, sockptr_t src, size_t size);
int sctp_helper_sockptr_is_zero(sockptr_t src, size_t offset, size_t size);
bool sctp_helper_is_reserved_port(struct net *net, u16 port);
bool sctp_helper_capable_bind(struct net *net, u16 port);
void sctp_helper_send_sigpipe(void);

void sctp_helper_inet_set_local(struct sock *sk, const struct in6_addr *addr, u16 port);
void sctp_helper_inet_set_source(struct sock *sk, const struct in6_addr *addr);
void sctp_helper_inet_set_peer(struct sock *sk, const struct in6_addr *addr, u16 port);
void sctp_helper_sk_data_ready(struct sock *sk);
void sctp_helper_sk_state_change(struct sock *sk);
void sctp_helper_sk_write_space(struct sock *sk);
void sctp_helper_sk_error_report(struct sock *sk, int err);
void sctp_helper_sk_icmp_error(struct sock *sk, int err, bool ipv6);
void sctp_helper_timer_setup(struct timer_list *timer, void (*fn)(struct timer_list *));
void sctp_helper_call_rcu(struct rcu_head *head, rcu_callback_t fn);

/* msghdr */
struct cmsghdr *sctp_helper_cmsg_firsthdr(struct msghdr *msg);
struct cmsghdr *sctp_helper_cmsg_nxthdr(struct msghdr *msg, struct cmsghdr *cmsg);
bool sctp_helper_cmsg_ok(const struct msghdr *msg, const struct cmsghdr *cmsg);
void *sctp_helper_cmsg_data(struct cmsghdr *cmsg);
size_t sctp_helper_copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i);
size_t sctp_helper_copy_from_iter(void *addr, size_t bytes, struct iov_iter *i);
size_t sctp_helper_iter_bvecs(const struct iov_iter *i);
size_t sctp_helper_iter_count(const struct iov_iter *i);
int sctp_helper_copy_from_user(void *to, const void __user *from, size_t n);
int sctp_helper_copy_to_user(void __user *to, const void *from, size_t n);

void sctp_helper_init_wait(struct wait_queue_entry *wait);
int sctp_helper_sk_err(const struct sock *sk);
int sctp_helper_sk_shutdown(const struct sock *sk);
void sctp_helper_sk_add_shutdown(struct sock *sk, int how);
int sctp_helper_sk_state(const struct sock *sk);
int sctp_helper_sk_family(const struct sock *sk);
int sctp_helper_sk_bound_dev_if(const struct sock *sk);
bool sctp_helper_sk_in_group(const struct sock *sk);
void sctp_helper_sk_mark_napi_id(struct sock *sk, const struct sk_buff *skb);
bool sctp_helper_sk_may_busy_poll(const struct sock *sk);
unsigned long sctp_helper_busy_poll_now(void);
bool sctp_helper_sk_busy_poll(struct sock *sk, unsigned long start);
bool sctp_helper_sk_reuseport(const struct sock *sk);
u32 sctp_helper_sk_uid(const struct sock *sk);
u32 sctp_helper_jhash(const void *key, u32 len, u32 seed);
bool sctp_helper_sk_reuse(const struct sock *sk);
int sctp_helper_sk_rcvbuf(const struct sock *sk);
void sctp_helper_sk_drops_inc(struct sock *sk);
u32 sctp_helper_sk_drops(const struct sock *sk);
bool sctp_helper_sk_wants_drops(const struct sock *sk);
bool sctp_helper_sk_wants_cmsgs(const struct sock *sk);
void sctp_helper_sock_recv_cmsgs(struct msghdr *msg, struct sock *sk, struct sk_buff *skb);
unsigned long sctp_helper_inet_cmsg_flags(const struct sock *sk);
bool sctp_helper_inet6_wants_cmsgs(const struct sock *sk);
bool sctp_helper_sk_recvpktinfo6(const struct sock *sk);
bool sctp_helper_sk_recvhoplimit(const struct sock *sk);
bool sctp_helper_sk_recvtclass(const struct sock *sk);
int sctp_helper_sk_rcvlowat(const struct sock *sk);
int sctp_helper_sk_sndbuf(const struct sock *sk);
int sctp_helper_sk_wmem_alloc_get(const struct sock *sk);
bool sctp_helper_sk_acceptq_is_full(const struct sock *sk);
u32 sctp_helper_sk_ack_backlog(const struct sock *sk);
u32 sctp_helper_sk_max_ack_backlog(const struct sock *sk);
void sctp_helper_sk_set_backlog(struct sock *sk, int backlog);
bool sctp_helper_socket_is_unconnected(const struct socket *sock);

/* routes */
struct dst_entry *sctp_helper_route_v4(struct net *net, struct flowi4 *fl4, struct sock *sk,
				       __be32 daddr, __be32 saddr, __be16 dport, __be16 sport,
				       int oif, int tclass);
struct dst_entry *sctp_helper_route_v6(struct net *net, struct flowi6 *fl6, struct sock *sk,
				       const struct in6_addr *daddr, const struct in6_addr *saddr,
				       __be16 dport, __be16 sport, int oif, u32 flow_label);
unsigned int sctp_helper_rt_flags(const struct dst_entry *dst);
u32 sctp_helper_dst_cookie(struct dst_entry *dst, bool ipv6);
bool sctp_helper_dst_valid(struct dst_entry *dst, u32 cookie);
void sctp_helper_dst_hold(struct dst_entry *dst);
void sctp_helper_dst_release(struct dst_entry *dst);
int sctp_helper_dst_ifindex(const struct dst_entry *dst);
u32 sctp_helper_dst_mtu(const struct dst_entry *dst);
void sctp_helper_dst_update_pmtu(struct dst_entry *dst, struct sock *sk, u32 mtu);
int sctp_helper_icmp_type(const struct sk_buff *skb);
int sctp_helper_icmp_code(const struct sk_buff *skb);
int sctp_helper_icmp_errno(u8 type, u8 code);
int sctp_helper_icmpv6_errno(u8 type, u8 code);
bool sctp_helper_dst_csum_offload(const struct dst_entry *dst);
unsigned int sctp_helper_dst_gso_max_size(const struct dst_entry *dst);
unsigned int sctp_helper_dst_gso_max_segs(const struct dst_entry *dst);
int sctp_helper_xmit_v4(struct sock *sk, struct sk_buff *skb, struct flowi4 *fl4, int tclass);
int sctp_helper_xmit_v6(struct sock *sk, struct sk_buff *skb, struct flowi6 *fl6, int tclass);
int sctp_helper_local_out_v4(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
			     const struct flowi4 *fl4, u8 tclass);
int sctp_helper_local_out_v6(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
			     const struct flowi6 *fl6, u8 tclass);
bool sctp_helper_addr_is_local_v4(struct net *net, __be32 addr, int ifindex);
bool sctp_helper_addr_is_local_v6(struct net *net, const struct in6_addr *addr, int iif);

/* addresses of this host; those called _rcu under rcu_read_lock() */
struct net_device *sctp_helper_next_dev_rcu(struct net *net, struct net_device *dev);
bool sctp_helper_dev_is_up(const struct net_device *dev);
int sctp_helper_dev_ifindex(const struct net_device *dev);
int sctp_helper_dev_master_ifindex_rcu(const struct net_device *dev);
struct in_ifaddr *sctp_helper_next_ifa_rcu(struct net_device *dev, struct in_ifaddr *ifa);
__be32 sctp_helper_ifa_local(const struct in_ifaddr *ifa);
struct inet6_ifaddr *sctp_helper_next_ifa6_rcu(struct net_device *dev, struct inet6_ifaddr *ifa);
const struct in6_addr *sctp_helper_ifa6_addr(const struct inet6_ifaddr *ifa);
u32 sctp_helper_ifa6_flags(const struct inet6_ifaddr *ifa);

/* MSG_ZEROCOPY */
void sctp_helper_socket_set_custom_sockopt(struct socket *sock);
void sctp_helper_sk_set_zerocopy(struct sock *sk, bool on);
bool sctp_helper_sk_has_queued_error(const struct sock *sk);

/* the memory that sockets hold */
int sctp_helper_memory_init(void);
void sctp_helper_memory_exit(void);
void sctp_helper_proto_memory(struct proto *proto);
void sctp_helper_sk_init_memory(struct sock *sk);
void sctp_helper_sk_exit_memory(struct sock *sk);
bool sctp_helper_charge_received(struct sock *sk, int size);
void sctp_helper_uncharge_received(struct sock *sk, int size);
bool sctp_helper_sk_is_over_limit(const struct sock *sk);
bool sctp_helper_skb_charge(struct sk_buff *skb);
bool sctp_helper_sk_is_writeable(const struct sock *sk);
int sctp_helper_sk_rcvbuf_max(const struct sock *sk);
void sctp_helper_sk_grow_sndbuf(struct sock *sk);

/* /proc */
struct proc_dir_entry *sctp_helper_proc_mkdir(struct net *net, const char *name);
void sctp_helper_proc_remove(struct net *net, const char *name);
void *sctp_helper_seq_private(const struct seq_file *seq);
struct net *sctp_helper_seq_net(struct seq_file *seq);
struct net *sctp_helper_seq_single_net(struct seq_file *seq);
u32 sctp_helper_seq_uid(struct seq_file *seq, const struct sock *sk);
u64 sctp_helper_sk_ino(const struct sock *sk);
int sctp_helper_sk_wmem_queued(const struct sock *sk);

/* sock_diag */
struct net *sctp_helper_diag_net(const struct sk_buff *asked);
struct nlmsghdr *sctp_helper_diag_put(struct sk_buff *skb, const struct sk_buff *asked,
				      const struct nlmsghdr *nlh, int flags);
struct inet_diag_msg *sctp_helper_diag_msg(struct nlmsghdr *nlh);
int sctp_helper_diag_attrs(struct sock *sk, struct sk_buff *skb, struct inet_diag_msg *msg, int ext,
			   const struct sk_buff *asked, bool net_admin);
void sctp_helper_nlmsg_end(struct sk_buff *skb, struct nlmsghdr *nlh);
void sctp_helper_nlmsg_cancel(struct sk_buff *skb, struct nlmsghdr *nlh);
struct sk_buff *sctp_helper_nlmsg_new(size_t payload);
int sctp_helper_diag_unicast(struct sk_buff *skb, const struct sk_buff *asked);

/* sysctls, where there are any */
struct ctl_table_header *sctp_helper_register_sysctls(struct net *net, const char *path,
						      const struct ctl_table *table, size_t size);
void sctp_helper_unregister_sysctls(struct ctl_table_header *header);

/* debugfs, where there is one */
struct dentry *sctp_helper_debugfs_dir(const char *name);
void sctp_helper_debugfs_long(const char *name, struct dentry *dir, long *value);
void sctp_helper_debugfs_remove(struct dentry *dir);

/* the rest */
bool sctp_helper_in_compat_syscall(void);
void *sctp_helper_net_generic(const struct net *net, unsigned int id);
bool sctp_helper_memneq(const void *a, const void *b, size_t size);
u64 sctp_helper_ktime_ns(void);
unsigned long sctp_helper_jiffies_after_ns(u64 ns);
bool sctp_helper_protocol_taken(void);
struct module *sctp_helper_this_module(void);

#endif
