// SPDX-License-Identifier: GPL-2.0

//! A user's message in memory that packets can refer to: copied there, or the pages themselves that
//! are spliced to the socket (MSG_SPLICE_PAGES: `sendfile()`, `splice()`) or lent to it
//! (MSG_ZEROCOPY, [`super::zerocopy`]).
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
    zerocopy::Lent,
};
use kernel::prelude::*;

/// Most bytes of a user message that one skb has memory for: they fit even if only single pages are
/// to be had. A larger message takes a chain of skbs.
const PIECE: usize = 16 * bindings::RUST_CONST_HELPER_PAGE_SIZE;

/// Larger pieces than PAGE_ALLOC_COSTLY_ORDER are not worth asking for.
const MAX_ORDER: c_int = 3;

/// Pages are copied after all if there are fewer bytes in each than that.
const SPLICE_MIN: usize = 512;

/// What becomes of the bytes that the user gives.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Source {
    /// They are copied.
    Copied,
    /// Their pages are referred to, which are the kernel's.
    Spliced,
    /// The same, and they are the user's.
    Lent,
}

/// Room in a send buffer for a message that is still the user's.
pub(crate) struct Room<'a> {
    sk: &'a Sk,
    skb: Skb,
    len: usize,
    paged: usize,
    source: Source,
}

impl<'a> Room<'a> {
    /// Waits for room for a message of `len` bytes, unless `nonblock`. If it is `lent` it is not
    /// copied.
    pub(crate) fn wait(
        sk: &'a Sk,
        msg: &mut Message<'_>,
        len: usize,
        nonblock: bool,
        lent: bool,
    ) -> Result<Self> {
        let source = if len <= COPY_LIMIT {
            Source::Copied
        } else if lent {
            Source::Lent
        } else if msg.splices_pages_of(SPLICE_MIN) {
            Source::Spliced
        } else {
            Source::Copied
        };
        let (linear, paged) = match source {
            Source::Copied if len <= COPY_LIMIT => (len, 0),
            source => (0, paged_part(source, len)),
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
        Ok(Self {
            sk,
            skb,
            len,
            paged,
            source,
        })
    }

    /// Takes the message. `lent` is what the call lends, if it does.
    pub(crate) fn take(self, msg: &mut Message<'_>, lent: Option<&Lent<'_>>) -> Result<SkbRange> {
        let Self {
            sk,
            skb,
            len,
            paged,
            source,
        } = self;
        fill(&skb, msg, source, lent, paged, len)?;
        // The send buffer had room, so the rest of a message larger than one skb may go beyond
        // it: who waited with a part of its message in hand could wait for ever.
        let mut last = core::ptr::null_mut();
        while skb.len() < len {
            let left = len - skb.len();
            let paged = paged_part(source, left);
            let piece = alloc_piece(sk, paged)?;
            fill(&piece, msg, source, lent, paged, left)?;
            let piece = piece.into_raw();
            // SAFETY: Both are nobody else's, and `last` is null or was put behind `skb` last.
            unsafe { bindings::sctp_helper_skb_chain(skb.as_ptr(), last, piece) };
            last = piece;
        }
        if source == Source::Copied {
            msg.copy_from_user(&skb, len)?;
            if let Some(lent) = lent {
                lent.set_copied();
            }
        }
        Ok(SkbRange::of_message(skb))
    }
}

/// How many bytes of pages are allocated with an skb for a message of which `left` bytes are still
/// to come.
fn paged_part(source: Source, left: usize) -> usize {
    match source {
        Source::Copied => left.min(PIECE),
        Source::Spliced | Source::Lent => 0,
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

/// Lets `skb`, new and with `paged` bytes of pages, have these, or refer to up to `left` bytes of
/// the user's pages, and charges it.
fn fill(
    skb: &Skb,
    msg: &mut Message<'_>,
    source: Source,
    lent: Option<&Lent<'_>>,
    paged: usize,
    left: usize,
) -> Result {
    match source {
        Source::Copied => {
            // SAFETY: Nobody else has the skb; that much was allocated in fragments.
            unsafe { (*skb.as_ptr()).data_len = paged as u32 };
            // SAFETY: As above.
            unsafe { (*skb.as_ptr()).len += paged as u32 };
        }
        Source::Spliced => msg.splice_to(skb, left)?,
        Source::Lent => msg.lend_to(skb, left, lent.ok_or(EINVAL)?)?,
    }
    if skb.len() == 0 {
        return Err(EFAULT);
    }
    // SAFETY: The skb belongs to the socket's send buffer, and is nobody else's.
    if unsafe { bindings::sctp_helper_skb_charge(skb.as_ptr()) } {
        Ok(())
    } else {
        Err(ENOBUFS)
    }
}
