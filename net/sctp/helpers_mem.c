// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that sockets hold, charged to the protocol (sctp_mem) and to the
 * memory cgroup, as include/net/sock.h has it. See sys/memory.rs.
 *
 * sk_forward_alloc belongs to whoever has the socket's lock elsewhere. Here,
 * packets of several associations of a socket come in at the same time, and
 * none of them takes it: as with UDP, the lock of the receive queue is used,
 * which is of no other use.
 */
#include <linux/memcontrol.h>
#include <linux/percpu_counter.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/sysctl.h>
#include <net/proto_memory.h>
#include <net/sock.h>

#include "helpers.h"

static unsigned long sctp_memory_pressure;
static atomic_long_t sctp_memory_allocated;
static DEFINE_PER_CPU(int, sctp_memory_per_cpu_fw_alloc);
static struct percpu_counter sctp_sockets_allocated;
static long sctp_mem[3];
static int sctp_rmem[3];
static int sctp_wmem[3];
static struct ctl_table_header *sctp_memory_sysctls;

static const struct ctl_table sctp_memory_table[] = {
	{
		.procname	= "sctp_mem",
		.data		= sctp_mem,
		.maxlen		= sizeof(sctp_mem),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
	},
	{
		.procname	= "sctp_rmem",
		.data		= sctp_rmem,
		.maxlen		= sizeof(sctp_rmem),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ONE,
	},
	{
		.procname	= "sctp_wmem",
		.data		= sctp_wmem,
		.maxlen		= sizeof(sctp_wmem),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ONE,
	},
};

/*
 * Limits as TCP's: in pages for all sockets, in bytes for each. Nobody asks for
 * the numbers in the middle: buffers begin with net.core.[rw]mem_default.
 */
int sctp_helper_memory_init(void)
{
	unsigned long free = nr_free_buffer_pages();
	unsigned long pages = max(free / 8, 128UL);
	unsigned long share = min(4UL << 20, free << (PAGE_SHIFT - 7));
	int err;

	sctp_mem[0] = pages / 4 * 3;
	sctp_mem[1] = pages;
	sctp_mem[2] = sctp_mem[0] * 2;
	sctp_rmem[0] = PAGE_SIZE;
	sctp_rmem[1] = 1500 * SKB_TRUESIZE(1);
	sctp_rmem[2] = max(256UL << 10, share);
	sctp_wmem[0] = PAGE_SIZE;
	sctp_wmem[1] = 16 << 10;
	sctp_wmem[2] = max(256UL << 10, share);
	err = percpu_counter_init(&sctp_sockets_allocated, 0, GFP_KERNEL);
	if (err)
		return err;
	sctp_memory_sysctls = register_net_sysctl(&init_net, "net/sctp", sctp_memory_table);
	if (!sctp_memory_sysctls && IS_ENABLED(CONFIG_SYSCTL)) {
		percpu_counter_destroy(&sctp_sockets_allocated);
		return -ENOMEM;
	}
	return 0;
}

void sctp_helper_memory_exit(void)
{
	unregister_net_sysctl_table(sctp_memory_sysctls);
	percpu_counter_destroy(&sctp_sockets_allocated);
}

static void sctp_enter_memory_pressure(struct sock *sk)
{
	WRITE_ONCE(sctp_memory_pressure, 1);
}

void sctp_helper_proto_memory(struct proto *proto)
{
	proto->memory_allocated = &sctp_memory_allocated;
	proto->per_cpu_fw_alloc = &sctp_memory_per_cpu_fw_alloc;
	proto->sockets_allocated = &sctp_sockets_allocated;
	proto->memory_pressure = &sctp_memory_pressure;
	proto->enter_memory_pressure = sctp_enter_memory_pressure;
	proto->sysctl_mem = sctp_mem;
	proto->sysctl_rmem = sctp_rmem;
	proto->sysctl_wmem = sctp_wmem;
}

/* Of @size bytes @queued are to be sent. */
static void sctp_uncharge(struct sock *sk, int size, int queued)
{
	spin_lock_bh(&sk->sk_receive_queue.lock);
	sk_mem_uncharge(sk, size);
	sk_wmem_queued_add(sk, -queued);
	spin_unlock_bh(&sk->sk_receive_queue.lock);
}

/*
 * SK_MEM_SEND would take the send buffer of a stream socket away when memory is
 * short, and messages that are longer than what is left would be refused for good.
 */
static bool sctp_charge(struct sock *sk, int size, int queued)
{
	bool charged;
	int more;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	more = size - sk->sk_forward_alloc;
	charged = more <= 0 || __sk_mem_schedule(sk, more, SK_MEM_RECV);
	if (charged) {
		sk_mem_charge(sk, size);
		sk_wmem_queued_add(sk, queued);
	}
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	return charged;
}

bool sctp_helper_charge_received(struct sock *sk, int size)
{
	if (!sctp_charge(sk, size, 0))
		return false;
	atomic_add(size, &sk->sk_rmem_alloc);
	return true;
}

void sctp_helper_uncharge_received(struct sock *sk, int size)
{
	atomic_sub(size, &sk->sk_rmem_alloc);
	sctp_uncharge(sk, size, 0);
}

static void sctp_wfree(struct sk_buff *skb)
{
	sctp_uncharge(skb->sk, skb->truesize, skb->truesize);
	sock_wfree(skb);
}

#ifdef CONFIG_MEMCG
/*
 * Who charges under a spinlock is let go beyond the limit of a memory cgroup. Has
 * anybody been, so that it is time to stop?
 */
bool sctp_helper_sk_is_over_limit(const struct sock *sk)
{
	struct mem_cgroup *memcg;

	if (!mem_cgroup_sk_enabled(sk))
		return false;
	for (memcg = mem_cgroup_from_sk(sk); memcg; memcg = parent_mem_cgroup(memcg))
		if (page_counter_read(&memcg->memory) > READ_ONCE(memcg->memory.max))
			return true;
	return false;
}

/*
 * Makes room for @size bytes by allocating as many, which may sleep and fail. Pages
 * that are freed stay charged for a while, for the next who asks.
 */
static bool sctp_reclaim(const struct sock *sk, int size)
{
	struct mem_cgroup *old = set_active_memcg(mem_cgroup_from_sk(sk));
	int missing = sk_mem_pages(size);
	struct page *page, *next;
	LIST_HEAD(pages);

	for (; missing; missing--) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	set_active_memcg(old);
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return !missing;
}
#else
bool sctp_helper_sk_is_over_limit(const struct sock *sk)
{
	return false;
}

static bool sctp_reclaim(const struct sock *sk, int size)
{
	return true;
}
#endif

/* For an skb that belongs to its socket's send buffer. May sleep. */
bool sctp_helper_skb_charge(struct sk_buff *skb)
{
	if (sctp_helper_sk_is_over_limit(skb->sk) && !sctp_reclaim(skb->sk, skb->truesize))
		return false;
	if (!sctp_charge(skb->sk, skb->truesize, skb->truesize))
		return false;
	skb->destructor = sctp_wfree;
	return true;
}

/* As for TCP, a third of the send buffer. */
bool sctp_helper_sk_is_writeable(const struct sock *sk)
{
	return sk_wmem_alloc_get(sk) <= READ_ONCE(sk->sk_sndbuf) / 3 * 2;
}

static void sctp_write_space(struct sock *sk)
{
	struct socket_wq *wq;

	if (!sctp_helper_sk_is_writeable(sk))
		return;
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	sk_wake_async_rcu(sk, SOCK_WAKE_SPACE, POLL_OUT);
	rcu_read_unlock();
}

void sctp_helper_sk_init_memory(struct sock *sk)
{
	sk->sk_write_space = sctp_write_space;
	sk_sockets_allocated_inc(sk);
}

void sctp_helper_sk_exit_memory(struct sock *sk)
{
	sk_sockets_allocated_dec(sk);
}

/* The most that the receive buffer may grow to, 0 if the user has set it. */
int sctp_helper_sk_rcvbuf_max(const struct sock *sk)
{
	return sk->sk_userlocks & SOCK_RCVBUF_LOCK ? 0 : READ_ONCE(sctp_rmem[2]);
}

void sctp_helper_sk_grow_sndbuf(struct sock *sk)
{
	int size = READ_ONCE(sk->sk_sndbuf);
	int max = READ_ONCE(sctp_wmem[2]);

	if (sk->sk_userlocks & SOCK_SNDBUF_LOCK || sk_under_memory_pressure(sk) ||
	    size >= max)
		return;
	WRITE_ONCE(sk->sk_sndbuf, size > max / 2 ? max : size * 2);
	sk->sk_write_space(sk);
}
