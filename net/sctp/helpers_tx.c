// SPDX-License-Identifier: GPL-2.0
/*
 * Users' messages in skbs, whose pages packets refer to: wrappers of the kernel's inline
 * functions for the Rust side, and what is little more. See sys/tx_user.rs and
 * sys/tx_skb.rs.
 */
#include <linux/skbuff.h>
#include <linux/skbuff_ref.h>
#include <net/sock.h>

#include "helpers.h"

/* One more skb for a message in the send buffer of @sk. */
struct sk_buff *sctp_helper_alloc_piece(struct sock *sk, unsigned int len, int max_order, int *err)
{
	struct sk_buff *piece;

	piece = alloc_skb_with_frags(0, len, max_order, err, sk->sk_allocation);
	if (piece)
		skb_set_owner_w(piece, sk);
	return piece;
}

/*
 * Lets @skb, which belongs to its socket's send buffer, refer to as many of the pages
 * in @iter as it has room for. Returns how many bytes of them.
 */
ssize_t sctp_helper_skb_splice(struct sk_buff *skb, struct iov_iter *iter, size_t len, bool shared)
{
	ssize_t spliced;

	/* Nobody asks for a sum as the Internet protocols have it. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	spliced = skb_splice_from_iter(skb, iter, len);
	if (spliced <= 0)
		return spliced;
	refcount_add(spliced, &skb->sk->sk_wmem_alloc);
	if (shared)
		skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	return spliced;
}

void sctp_helper_skb_zcopy_set(struct sk_buff *skb, struct ubuf_info *uarg)
{
	skb_zcopy_set(skb, uarg, NULL);
}

void sctp_helper_ubuf_set_copied(struct ubuf_info *uarg)
{
	uarg_to_msgzc(uarg)->zerocopy = 0;
}

/* If the pages of @skb were lent, they were copied after all. */
void sctp_helper_skb_zcopy_set_copied(struct sk_buff *skb)
{
	if (skb_zcopy(skb))
		sctp_helper_ubuf_set_copied(skb_zcopy(skb));
}

void sctp_helper_net_zcopy_put(struct ubuf_info *uarg)
{
	net_zcopy_put(uarg);
}

/* Appends @piece to the frag_list of @skb, whose last one is @last. */
void sctp_helper_skb_chain(struct sk_buff *skb, struct sk_buff *last, struct sk_buff *piece)
{
	if (last)
		last->next = piece;
	else
		skb_shinfo(skb)->frag_list = piece;
	skb->len += piece->len;
	skb->data_len += piece->len;
}

/* The page may be somebody else's: nothing is to be read from what describes it. */
void sctp_helper_skb_add_frag(struct sk_buff *skb, const struct sk_buff *from,
			      int i, int off, int size)
{
	const struct skb_shared_info *theirs = skb_shinfo(from);
	struct skb_shared_info *ours = skb_shinfo(skb);
	skb_frag_t *frag = &ours->frags[ours->nr_frags];

	*frag = theirs->frags[i];
	skb_frag_off_add(frag, off);
	skb_frag_size_set(frag, size);
	__skb_frag_ref(frag);
	ours->nr_frags++;
	ours->flags |= theirs->flags & SKBFL_SHARED_FRAG;
	skb_zcopy_set(skb, skb_zcopy((struct sk_buff *)from), NULL);
	skb_len_add(skb, size);
}

struct sk_buff *sctp_helper_skb_next_piece(const struct sk_buff *skb, const struct sk_buff *piece)
{
	return piece == skb ? skb_shinfo(skb)->frag_list : piece->next;
}
