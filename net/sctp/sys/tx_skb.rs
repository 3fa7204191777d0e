// SPDX-License-Identifier: GPL-2.0

//! Packets to be sent, as socket buffers: made piece by piece, then given to IP.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use super::{
    bindings,
    ip::Route,
    net::Net,
    skb::{Skb, SkbRange, CHECKSUM_OFFSET, COPY_LIMIT, HEADER_LEN},
    sock::Sk,
};
use crate::engine::cx::Payload;
use core::marker::PhantomData;
use kernel::{error::to_result, prelude::*};

/// Whether IP may cut up a packet. Its chunks may have been made before the MTU became less, and
/// chunks that have a TSN cannot be cut again.
pub(crate) enum Fragmenting {
    /// It leaves in one piece or not at all.
    Never,
    /// Here, into fragments of at most so many bytes.
    Beyond(usize),
    /// The same, and into smaller ones wherever that is necessary.
    Anywhere(usize),
}

impl Fragmenting {
    /// The longest packet that is not cut up here.
    fn limit(&self) -> usize {
        match self {
            Self::Never => usize::MAX,
            Self::Beyond(limit) | Self::Anywhere(limit) => *limit,
        }
    }

    /// Whether a packet of `len` bytes is not cut up by anybody.
    pub(crate) fn leaves_whole(&self, len: usize) -> bool {
        !matches!(self, Self::Anywhere(_)) && len <= self.limit()
    }
}

/// A packet under construction.
pub(crate) struct TxSkb(Skb);

/// The linear part of a packet as far as nothing was written to it.
pub(crate) struct Linear<'a> {
    /// The first byte, and how many there are.
    at: *mut u8,
    room: usize,
    _packet: PhantomData<&'a mut TxSkb>,
}

impl Linear<'_> {
    /// Whether all of it was written.
    pub(crate) fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Takes `len` bytes off the front, for the caller to write.
    fn take(&mut self, len: usize) -> Result<*mut u8> {
        let at = self.at;
        self.room = self.room.checked_sub(len).ok_or(ENOBUFS)?;
        self.at = at.wrapping_add(len);
        Ok(at)
    }

    /// Writes bytes.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result {
        let to = self.take(bytes.len())?;
        // SAFETY: `to` is that many bytes of a packet that is nobody else's.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    /// Copies payload.
    pub(crate) fn put_payload(&mut self, payload: &SkbRange) -> Result {
        let len = payload.len();
        let (from, at) = payload.sent().ok_or(EINVAL)?;
        if let Some(bytes) = from.linear().get(at..).and_then(|rest| rest.get(..len)) {
            return self.put(bytes);
        }
        let to = self.take(len)?.cast();
        // SAFETY: `from` is valid, and `to` is `len` bytes of a packet that is nobody else's; the
        // function checks the range.
        to_result(unsafe { bindings::skb_copy_bits(from.as_ptr(), at as i32, to, len as i32) })?;
        // That was in pages, and nothing else is lent.
        // SAFETY: `from` is valid.
        unsafe { bindings::sctp_helper_skb_zcopy_set_copied(from.as_ptr()) };
        Ok(())
    }
}

impl TxSkb {
    /// Returns a packet of `linear` bytes, which `fill` writes, with room for lower headers.
    pub(crate) fn new(linear: usize, fill: impl FnOnce(&mut Linear<'_>) -> Result) -> Result<Self> {
        let headroom = bindings::RUST_CONST_HELPER_TX_HEADROOM as usize;
        let size = headroom.checked_add(linear).ok_or(ENOMEM)?;
        let size = u32::try_from(size).map_err(|_| ENOMEM)?;
        // SAFETY: Allocating has no requirements.
        let skb =
            unsafe { bindings::__alloc_skb(size, bindings::RUST_CONST_HELPER_GFP_ATOMIC, 0, -1) };
        // SAFETY: A new skb, and the reference is ours.
        let skb = unsafe { Skb::from_raw(skb) }.ok_or(ENOMEM)?;
        // SAFETY: The skb is empty and has that much room.
        unsafe { bindings::sctp_helper_skb_reserve(skb.as_ptr(), headroom as i32) };
        // SAFETY: The skb is valid and nobody else's.
        unsafe { bindings::sctp_helper_skb_reset_transport_header(skb.as_ptr()) };
        // SAFETY: As above, and it has room for that.
        let at = unsafe { bindings::sctp_helper_skb_put(skb.as_ptr(), linear as u32) }.cast();
        let mut rest = Linear {
            at,
            room: linear,
            _packet: PhantomData,
        };
        fill(&mut rest)?;
        // What was not written would be somebody's memory.
        if rest.is_full() {
            Ok(Self(skb))
        } else {
            Err(EINVAL)
        }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        self.0.into_raw()
    }

    /// Number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The common header, without a checksum as yet.
    pub(super) fn common_header(&self) -> Option<&[u8]> {
        self.0.linear().get(..HEADER_LEN)
    }

    /// Whether part of the packet is in pages.
    pub(crate) fn has_frags(&self) -> bool {
        self.0.data_len() != 0
    }

    fn nr_frags(&self) -> u32 {
        // SAFETY: By its type invariant the skb is valid.
        unsafe { bindings::sctp_helper_skb_nr_frags(self.0.as_ptr()) }
    }

    /// Appends payload by reference to its pages. The linear part cannot grow any more then.
    pub(crate) fn append(&mut self, payload: &SkbRange) -> Result {
        for_each_fragment(payload, |fragment| self.append_fragment(&fragment))
    }

    fn append_fragment(&mut self, fragment: &Fragment<'_>) -> Result {
        if self.nr_frags() >= bindings::RUST_CONST_HELPER_MAX_SKB_FRAGS {
            return Err(ENOBUFS);
        }
        // SAFETY: By its type invariant the fragment is there, and has that range; `self` is nobody
        // else's and has a free slot.
        unsafe {
            bindings::sctp_helper_skb_add_frag(
                self.0.as_ptr(),
                fragment.skb,
                fragment.index as c_int,
                fragment.offset as c_int,
                fragment.len as c_int,
            )
        };
        Ok(())
    }

    /// Appends zero bytes without copying them into the linear part.
    pub(crate) fn append_zeroes(&mut self, mut len: usize) -> Result {
        while len != 0 {
            if self.nr_frags() >= bindings::RUST_CONST_HELPER_MAX_SKB_FRAGS {
                return Err(ENOBUFS);
            }
            let piece = len.min(bindings::RUST_CONST_HELPER_PAGE_SIZE);
            // SAFETY: The skb is nobody else's and has a free fragment slot; `piece` is at most a
            // page.
            unsafe { bindings::sctp_helper_skb_add_zeroes(self.0.as_ptr(), piece as i32) };
            len -= piece;
        }
        Ok(())
    }

    /// Whether [`Self::append`] can take this payload and it is worth while.
    pub(crate) fn wants_reference(payload: &SkbRange) -> bool {
        let Some((skb, _)) = payload.sent() else {
            return false;
        };
        payload.len() > COPY_LIMIT && skb.data_len() == skb.len()
    }

    /// How many fragments [`Self::append`] of this payload takes.
    pub(crate) fn fragments_of(payload: &SkbRange) -> usize {
        let mut count = 0usize;
        let result = for_each_fragment(payload, |_| {
            count = count.saturating_add(1);
            Ok(())
        });
        result.map_or(usize::MAX, |()| count)
    }

    /// How many fragments a packet may have.
    pub(crate) const MAX_FRAGMENTS: usize = bindings::RUST_CONST_HELPER_MAX_SKB_FRAGS as usize;

    /// Fills in the checksum, or leaves it to the device the packet will leave by.
    pub(super) fn checksum(&mut self, by_device: bool) -> Result {
        if by_device {
            // SAFETY: The skb is nobody else's and has its transport header set.
            unsafe {
                bindings::sctp_helper_skb_csum_partial(self.0.as_ptr(), CHECKSUM_OFFSET as u16)
            };
            return Ok(());
        }
        self.0.fill_in_checksum(0)
    }

    /// Sends the packet for a socket.
    pub(crate) fn send(mut self, sk: &Sk, route: &mut Route, fragmenting: Fragmenting) -> Result {
        let limit = fragmenting.limit();
        let fits = self.0.len() <= limit;
        if matches!(fragmenting, Fragmenting::Anywhere(_)) || !fits {
            let is_v6 = !route.source().is_ipv4();
            let size = if fits { 0 } else { limit + route.header_len() };
            // SAFETY: The skb is nobody else's.
            unsafe {
                bindings::sctp_helper_skb_allow_fragmenting(self.0.as_ptr(), is_v6, size as u16)
            };
        }
        // No device can compute the checksum over several fragments.
        self.checksum(fits && route.checksums())?;
        self.send_summed(sk, route)
    }

    /// Sends the packet, whose checksum has been seen to, for a socket.
    pub(super) fn send_summed(self, sk: &Sk, route: &mut Route) -> Result {
        // SAFETY: Both are valid; the skb has no owner yet.
        unsafe { bindings::sctp_helper_skb_set_owner(self.0.as_ptr(), sk.as_ptr()) };
        // SAFETY: The skb is the caller's alone and complete, and is given up.
        unsafe { route.xmit(sk, self.0.into_raw()) }
    }

    /// Sends the packet for no socket.
    pub(crate) fn send_stateless(mut self, net: &Net, route: &Route) -> Result {
        self.checksum(route.checksums())?;
        // SAFETY: The skb is the caller's alone and complete, and is given up.
        unsafe { route.local_out(net, self.0.into_raw()) }
    }
}

/// Part of a payload, in one fragment of an skb.
///
/// # Invariants
///
/// `skb` is valid for `'a`, has a fragment `index`, and that has `len` bytes from `offset` on.
struct Fragment<'a> {
    skb: *const bindings::sk_buff,
    index: u32,
    offset: usize,
    len: usize,
    _payload: PhantomData<&'a SkbRange>,
}

/// Calls `each` for each fragment of a payload. Fails if it is not all in fragments.
fn for_each_fragment(payload: &SkbRange, mut each: impl FnMut(Fragment<'_>) -> Result) -> Result {
    let (message, mut at) = payload.sent().ok_or(EINVAL)?;
    let mut left = payload.len();
    // Where the fragment begins.
    let mut start = message.linear().len();
    if at < start {
        return Err(EINVAL);
    }
    let mut skb = message.as_ptr();
    while !skb.is_null() && left != 0 {
        // SAFETY: `skb` is the message or one of the chain behind it, which live as long.
        let count = unsafe { bindings::sctp_helper_skb_nr_frags(skb) };
        for index in 0..count {
            // SAFETY: As above, and it has that fragment.
            let size = unsafe { bindings::sctp_helper_skb_frag_size(skb, index as c_int) };
            let end = start.saturating_add(size as usize);
            if left != 0 && at < end {
                let len = left.min(end - at);
                // INVARIANT: The fragment is from `start` to `end`, and `at` is in it.
                each(Fragment {
                    skb,
                    index,
                    offset: at - start,
                    len,
                    _payload: PhantomData,
                })?;
                at += len;
                left -= len;
            }
            start = end;
        }
        // SAFETY: As above.
        skb = unsafe { bindings::sctp_helper_skb_next_piece(message.as_ptr(), skb) };
    }
    if left == 0 {
        Ok(())
    } else {
        Err(EINVAL)
    }
}
