// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers for what IP keeps in a socket, for groups of SO_REUSEPORT, busy polling, and ICMP
 * errors. See sys/sock.rs, sys/group.rs, sys/busy_poll.rs and sys/icmp.rs.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/busy_poll.h>
#include <net/icmp.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock_reuseport.h>

#include "helpers.h"

/* What sk_clone() leaves to the protocol, as net/ipv6/tcp_ipv6.c does it. */
void sctp_helper_clone_v6(struct sock *newsk, const struct sock *sk, struct ipv6_pinfo *np)
{
#if IS_ENABLED(CONFIG_IPV6)
	memcpy(np, inet6_sk(sk), sizeof(*np));
	inet_sk(newsk)->pinet6 = np;
	inet_sk(newsk)->ipv6_fl_list = NULL;
	np->ipv6_mc_list = NULL;
	np->ipv6_ac_list = NULL;
	np->pktoptions = NULL;
	np->opt = NULL;
#endif
}

void sctp_helper_clone_v4(struct sock *newsk)
{
	struct inet_sock *inet = inet_sk(newsk);

	atomic_set(&inet->inet_id, get_random_u16());
	inet_set_bit(MC_LOOP, newsk);
	inet->mc_ttl = 1;
	inet->mc_index = 0;
	inet->mc_list = NULL;
	RCU_INIT_POINTER(inet->inet_opt, NULL);
}

void sctp_helper_sock_orphan(struct sock *sk)
{
	sock_orphan(sk);
}

/* IP options, of which both sockets have their own. */
bool sctp_helper_clone_options(struct sock *newsk, const struct sock *sk)
{
	struct ip_options_rcu *opt;
	bool copied = true;

	rcu_read_lock();
	opt = rcu_dereference(inet_sk(sk)->inet_opt);
	if (opt) {
		opt = kmemdup(opt, sizeof(*opt) + opt->opt.optlen, GFP_ATOMIC);
		copied = opt;
		RCU_INIT_POINTER(inet_sk(newsk)->inet_opt, opt);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		struct ipv6_txoptions *txopt = rcu_dereference(inet6_sk(sk)->opt);

		if (txopt) {
			txopt = ipv6_dup_options(newsk, txopt);
			copied = copied && txopt;
			RCU_INIT_POINTER(inet6_sk(newsk)->opt, txopt);
		}
	}
#endif
	rcu_read_unlock();
	return copied;
}

/* What they add to the header of a packet that is sent by IPv6, or by IPv4. */
unsigned int sctp_helper_sk_options_len(const struct sock *sk, bool ipv6)
{
	struct ip_options_rcu *opt;
	unsigned int len = 0;

	rcu_read_lock();
	opt = rcu_dereference(inet_sk(sk)->inet_opt);
	if (!ipv6 && opt)
		len = opt->opt.optlen;
#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6) {
		struct ipv6_txoptions *txopt = rcu_dereference(inet6_sk(sk)->opt);

		if (txopt)
			len = txopt->opt_flen + txopt->opt_nflen;
	}
#endif
	rcu_read_unlock();
	return len;
}

int sctp_helper_icmp_type(const struct sk_buff *skb)
{
	return icmp_hdr(skb)->type;
}

int sctp_helper_icmp_code(const struct sk_buff *skb)
{
	return icmp_hdr(skb)->code;
}

/* Errors of sockets, 0 for none. */
int sctp_helper_icmp_errno(u8 type, u8 code)
{
	if (type == ICMP_DEST_UNREACH)
		return code <= NR_ICMP_UNREACH ? -icmp_err_convert[code].errno : 0;
	if (type == ICMP_TIME_EXCEEDED)
		return code == ICMP_EXC_FRAGTIME ? 0 : -EHOSTUNREACH;
	return -EPROTO;
}

int sctp_helper_icmpv6_errno(u8 type, u8 code)
{
	int err = EPROTO;

#if IS_ENABLED(CONFIG_IPV6)
	icmpv6_err_convert(type, code, &err);
#endif
	return -err;
}

void sctp_helper_sk_icmp_error(struct sock *sk, int err, bool ipv6)
{
	if (ipv6 ? inet6_test_bit(RECVERR6, sk) : inet_test_bit(RECVERR, sk))
		sctp_helper_sk_error_report(sk, -err);
	else
		WRITE_ONCE(sk->sk_err_soft, -err);
}

bool sctp_helper_sk_in_group(const struct sock *sk)
{
	return rcu_access_pointer(sk->sk_reuseport_cb);
}

void sctp_helper_sk_mark_napi_id(struct sock *sk, const struct sk_buff *skb)
{
	sk_mark_napi_id(sk, skb);
}

/* Whether the user wants to, and it is known which queue to look at. */
bool sctp_helper_sk_may_busy_poll(const struct sock *sk)
{
#ifdef CONFIG_NET_RX_BUSY_POLL
	return sk_can_busy_loop(sk) && napi_id_valid(READ_ONCE(sk->sk_napi_id));
#else
	return false;
#endif
}

unsigned long sctp_helper_busy_poll_now(void)
{
	return busy_loop_current_time();
}

/* Looks once. Says whether there is time to do so again. */
bool sctp_helper_sk_busy_poll(struct sock *sk, unsigned long start)
{
	sk_busy_loop(sk, true);
	return !need_resched() && !sk_busy_loop_timeout(sk, start);
}

/* Options of level SOL_SOCKET come to the protocol, too. */
void sctp_helper_socket_set_custom_sockopt(struct socket *sock)
{
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
}

void sctp_helper_sk_set_zerocopy(struct sock *sk, bool on)
{
	sock_valbool_flag(sk, SOCK_ZEROCOPY, on);
}

bool sctp_helper_sk_has_queued_error(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_error_queue);
}
