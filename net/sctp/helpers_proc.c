// SPDX-License-Identifier: GPL-2.0
/* Wrappers for files in /proc. See sys/proc_fs.rs. */
#include <linux/cred.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "helpers.h"

struct proc_dir_entry *sctp_helper_proc_mkdir(struct net *net, const char *name)
{
	return proc_net_mkdir(net, name, net->proc_net);
}

void sctp_helper_proc_remove(struct net *net, const char *name)
{
	remove_proc_subtree(name, net->proc_net);
}

void *sctp_helper_seq_private(const struct seq_file *seq)
{
	return seq->private;
}

struct net *sctp_helper_seq_net(struct seq_file *seq)
{
	return seq_file_net(seq);
}

struct net *sctp_helper_seq_single_net(struct seq_file *seq)
{
	return seq_file_single_net(seq);
}

u32 sctp_helper_seq_uid(struct seq_file *seq, const struct sock *sk)
{
	return from_kuid_munged(seq_user_ns(seq), sk_uid(sk));
}

u64 sctp_helper_sk_ino(const struct sock *sk)
{
	return sock_i_ino(sk);
}

int sctp_helper_sk_wmem_queued(const struct sock *sk)
{
	return READ_ONCE(sk->sk_wmem_queued);
}
