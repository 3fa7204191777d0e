// SPDX-License-Identifier: GPL-2.0

//! A user's message in memory that packets can refer to: copied there, or the pages themselves that
//! are spliced to the socket (MSG_SPLICE_PAGES: `sendfile()`, `splice()`).
//!
//! Invariant: an skb of a message holds a reference to each page it has, and so does each skb that
//! refers to one of them, a packet or a clone. So a page stays as long as any of the message does,
//! here or on its way. What is in a page that others have, too, they may change as long: packets
//! are marked (`SKBFL_SHARED_FRAG`), and a checksum that is not right any more costs a
//! retransmission.
//!
//! C headers: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h),
//! [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    bindings,
    msg::Message,
    skb::{Skb, SkbRange, COPY_LIMIT},
    sock::Sk,
};
use kernel::prelude::*;

/// Most bytes of a user message that one skb has memory for: they fit even if only single pages are
/// to be had. A larger message takes a chain of skbs.
const PIECE: usize = 16 * bindings::RUST_CONST_HELPER_PAGE_SIZE;

/// Larger pieces than PAGE_ALLOC_COSTLY_ORDER are not worth asking for.
const MAX_ORDER: c_int = 3;

/// Pages are copied after all if there are fewer bytes in each than that.
const SPLICE_MIN: usize = 512;

/// Where the bytes of a message come from.
#[derive(Clone, Copy)]
enum Source {
    Copied,
    Spliced,
}

impl SkbRange {
    /// Takes a user's message of `len` bytes into memory that is charged to the socket's send
    /// buffer, waiting for room in it unless `nonblock`.
    pub(crate) fn from_user(
        sk: &Sk,
        msg: &mut Message<'_>,
        len: usize,
        nonblock: bool,
    ) -> Result<Self> {
        let source = if len > COPY_LIMIT && msg.splices_pages_of(SPLICE_MIN) {
            Source::Spliced
        } else {
            Source::Copied
        };
        let (linear, paged) = match source {
            Source::Spliced => (0, 0),
            Source::Copied if len <= COPY_LIMIT => (len, 0),
            Source::Copied => (0, len.min(PIECE)),
        };
        let mut err = 0;
        // SAFETY: The socket is valid and the caller is in process context.
        let skb = unsafe {
            bindings::sock_alloc_send_pskb(
                sk.as_ptr(),
                linear,
                paged,
                i32::from(nonblock),
                &mut err,
                MAX_ORDER,
            )
        };
        if skb.is_null() {
            return Err(Error::from_errno(err));
        }
        // SAFETY: A new skb, and the reference is ours.
        let skb = unsafe { Skb::from_raw(skb) }.ok_or(ENOMEM)?;
        if linear != 0 {
            // SAFETY: The skb was made with a linear part of that size, all of it unused.
            unsafe { bindings::sctp_helper_skb_put(skb.as_ptr(), linear as u32) };
        }
        fill(&skb, msg, source, paged, len)?;
        // The send buffer had room, so the rest of a message larger than one skb may go beyond
        // it: who waited with a part of its message in hand could wait for ever.
        let mut last = core::ptr::null_mut();
        while skb.len() < len {
            let left = len - skb.len();
            let paged = match source {
                Source::Spliced => 0,
                Source::Copied => left.min(PIECE),
            };
            let piece = alloc_piece(sk, paged)?;
            fill(&piece, msg, source, paged, left)?;
            let piece = piece.into_raw();
            // SAFETY: Both are nobody else's, and `last` is null or was put behind `skb` last.
            unsafe { bindings::sctp_helper_skb_chain(skb.as_ptr(), last, piece) };
            last = piece;
        }
        if matches!(source, Source::Copied) {
            msg.copy_from_user(&skb, len)?;
        }
        Ok(Self::of_message(skb))
    }
}

/// One more skb for a message, with `paged` bytes of pages.
fn alloc_piece(sk: &Sk, paged: usize) -> Result<Skb> {
    let mut err = 0;
    // SAFETY: The socket is valid and the caller is in process context.
    let piece = unsafe {
        bindings::sctp_helper_alloc_piece(sk.as_ptr(), paged as u32, MAX_ORDER, &mut err)
    };
    // SAFETY: A new skb or null, and the reference is ours.
    unsafe { Skb::from_raw(piece) }.ok_or_else(|| Error::from_errno(err))
}

/// Lets `skb`, new and with `paged` bytes of pages, have these and up to `left` bytes of pages that
/// are spliced, and charges it.
fn fill(skb: &Skb, msg: &mut Message<'_>, source: Source, paged: usize, left: usize) -> Result {
    match source {
        Source::Copied => {
            // SAFETY: Nobody else has the skb; that much was allocated in fragments.
            unsafe { (*skb.as_ptr()).data_len = paged as u32 };
            // SAFETY: As above.
            unsafe { (*skb.as_ptr()).len += paged as u32 };
        }
        Source::Spliced => msg.splice_to(skb, left)?,
    }
    // SAFETY: The skb belongs to the socket's send buffer, and is nobody else's.
    if unsafe { bindings::sctp_helper_skb_charge(skb.as_ptr()) } {
        Ok(())
    } else {
        Err(ENOBUFS)
    }
}
