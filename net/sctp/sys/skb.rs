// SPDX-License-Identifier: GPL-2.0

//! Socket buffers: received packets, users' messages, and ranges of either as the engine's
//! [`Payload`].
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use super::{
    bindings,
    copied::{Arrival, Copied},
    group::{self, Chosen},
    msg::Message,
    sock::Sk,
};
use crate::engine::cx::Payload;
use core::{ops::Range, ptr::NonNull};
use kernel::{error::to_result, prelude::*};

/// Offset of the checksum in the SCTP common header.
pub(super) const CHECKSUM_OFFSET: usize = 8;
/// Length of the SCTP common header.
pub(super) const HEADER_LEN: usize = 12;

/// Payload up to this many bytes, what an Ethernet frame can have, is copied into a packet's linear
/// part, and user messages up to that are kept in linear memory. Larger ones are kept in page
/// fragments that packets can refer to: for a small one that costs as much as the copy.
pub(super) const COPY_LIMIT: usize = 1500;

/// A counted reference to an `sk_buff`.
///
/// # Invariants
///
/// The pointer is a valid `sk_buff` and `self` owns one of its references.
#[repr(transparent)]
pub(crate) struct Skb(NonNull<bindings::sk_buff>);

// SAFETY: References to an skb may be dropped from any context but hard interrupts. Through a
// shared reference this type only reads.
unsafe impl Send for Skb {}
// SAFETY: As above.
unsafe impl Sync for Skb {}

impl Drop for Skb {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this reference is ours to drop.
        unsafe { bindings::sctp_helper_consume_skb(self.0.as_ptr()) };
    }
}

impl Clone for Skb {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariant the pointer is valid.
        unsafe { bindings::sctp_helper_skb_get(self.0.as_ptr()) };
        // INVARIANT: The reference was just taken.
        Self(self.0)
    }
}

impl Skb {
    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// `skb` is valid and the caller gives up one reference to it.
    pub(crate) unsafe fn from_raw(skb: *mut bindings::sk_buff) -> Option<Self> {
        // INVARIANT: By the requirements of this function.
        NonNull::new(skb).map(Self)
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// Number of bytes.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the type invariant the pointer is valid.
        unsafe { (*self.as_ptr()).len as usize }
    }

    /// Memory that the buffer takes.
    pub(crate) fn truesize(&self) -> usize {
        // SAFETY: By the type invariant the pointer is valid.
        unsafe { (*self.as_ptr()).truesize as usize }
    }

    /// Number of bytes that are not in the linear part.
    pub(super) fn data_len(&self) -> usize {
        // SAFETY: By the type invariant the pointer is valid.
        unsafe { (*self.as_ptr()).data_len as usize }
    }

    /// The linear part.
    pub(crate) fn linear(&self) -> &[u8] {
        let len = self.len().saturating_sub(self.data_len());
        // SAFETY: By the type invariant the pointer is valid.
        let data = unsafe { (*self.as_ptr()).data };
        // SAFETY: The linear part is `len` initialised bytes at `data`. Nothing writes to a buffer
        // that is shared, and this one is only written through `&mut` or before it is shared.
        unsafe { core::slice::from_raw_parts(data, len) }
    }

    /// Copies bytes out, from any part.
    pub(super) fn copy_bits(&self, offset: usize, to: &mut [u8]) -> Result {
        let (Ok(offset), Ok(len)) = (i32::try_from(offset), i32::try_from(to.len())) else {
            return Err(EINVAL);
        };
        // SAFETY: By the type invariant the skb is valid, `to` is `len` bytes; the function checks
        // the range.
        to_result(unsafe {
            bindings::skb_copy_bits(self.as_ptr(), offset, to.as_mut_ptr().cast(), len)
        })
    }

    /// CRC32c of the bytes from `offset` on, continuing `crc`.
    fn crc32c(&self, offset: usize, crc: u32) -> u32 {
        let len = self.len().saturating_sub(offset);
        // SAFETY: By the type invariant the skb is valid, and the range is within it.
        unsafe { bindings::skb_crc32c(self.as_ptr(), offset as i32, len as i32, crc) }
    }

    /// The SCTP checksum of the packet that starts at `at` (RFC 9260, appendix A), with the checksum
    /// field taken as zero. `None` if it is shorter than a header.
    fn sctp_checksum(&self, at: usize) -> Option<[u8; 4]> {
        let mut header = [0; HEADER_LEN];
        self.copy_bits(at, &mut header).ok()?;
        header[CHECKSUM_OFFSET..].fill(0);
        // SAFETY: `header` is that many readable bytes.
        let crc = unsafe { bindings::sctp_helper_crc32c(!0, header.as_ptr().cast(), header.len()) };
        Some((!self.crc32c(at.checked_add(HEADER_LEN)?, crc)).to_le_bytes())
    }

    /// Fills in the checksum of the packet that starts at `at`, whose header is in the linear part.
    /// The skb is nobody else's.
    pub(super) fn fill_in_checksum(&mut self, at: usize) -> Result {
        let sum = self.sctp_checksum(at).ok_or(EINVAL)?;
        let field = at.checked_add(CHECKSUM_OFFSET).ok_or(EINVAL)?;
        if self.linear().len() < field.saturating_add(sum.len()) {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariant the skb is valid.
        let data = unsafe { (*self.as_ptr()).data };
        // SAFETY: The field is in the linear part, which begins at `data`.
        let field = unsafe { data.add(field) };
        // SAFETY: As above, and nobody else has the skb.
        unsafe { core::ptr::copy_nonoverlapping(sum.as_ptr(), field, sum.len()) };
        Ok(())
    }
}

/// The interface that a packet came in by; for one that is part of a VRF, that of the VRF and the
/// one that is part of it.
#[derive(Clone, Copy)]
pub(crate) struct Via {
    dif: u32,
    sdif: u32,
    /// Whether those take it that are bound to no interface.
    reaches_unbound: bool,
}

impl Via {
    /// Of a packet. `vrfs` is whether those bound to no interface take what comes by way of a VRF.
    ///
    /// # Safety
    ///
    /// The packet is as the inet layer of that family has handed it over.
    pub(super) unsafe fn of(skb: *mut bindings::sk_buff, ipv6: bool, vrfs: bool) -> Self {
        // SAFETY: By this function's requirements.
        let dif = unsafe { bindings::sctp_helper_skb_dif(skb, ipv6) };
        // SAFETY: As above.
        let sdif = unsafe { bindings::sctp_helper_skb_sdif(skb, ipv6) };
        Self {
            dif: dif as u32,
            sdif: sdif as u32,
            reaches_unbound: sdif == 0 || vrfs,
        }
    }

    /// Whether a socket takes the packet that is bound to this interface, or to none.
    pub(crate) fn reaches(self, bound: u32) -> bool {
        if bound == 0 {
            return self.reaches_unbound;
        }
        bound == self.dif || bound == self.sdif
    }

    /// The interface itself.
    pub(crate) fn link(self) -> u32 {
        if self.sdif != 0 {
            self.sdif
        } else {
            self.dif
        }
    }

    /// The VRF, or 0.
    pub(crate) fn vrf(self) -> u32 {
        if self.sdif != 0 {
            self.dif
        } else {
            0
        }
    }
}

/// A packet that has come in, as the inet layer hands it over: its bytes begin with the SCTP
/// common header, which is in the linear part.
pub(crate) struct RxSkb(Skb);

impl RxSkb {
    /// Takes over a received packet, less the lower headers that are still on it; `None`, and it is
    /// dropped, if there is no memory for having it unshared, or it has no common header.
    ///
    /// # Safety
    ///
    /// `skb` is valid, has its transport header set, and the caller gives it up.
    pub(super) unsafe fn from_raw(skb: *mut bindings::sk_buff) -> Option<Self> {
        // SAFETY: By this function's requirements; the function consumes the reference and
        // returns another one, or null.
        let skb = unsafe { bindings::sctp_helper_skb_share_check(skb) };
        // SAFETY: As above.
        let mut packet = Self(unsafe { Skb::from_raw(skb) }?);
        // SAFETY: The skb is valid and not shared.
        unsafe { bindings::sctp_helper_skb_prepare(packet.as_ptr()) };
        // What IP has put together is a list of skbs, through which is no quick way.
        // SAFETY: As above.
        if unsafe { bindings::sctp_helper_skb_has_frag_list(packet.as_ptr()) } {
            packet.pull(packet.len())?;
        }
        packet.pull(HEADER_LEN)?;
        Some(packet)
    }

    /// Lets the linear part have `len` bytes at least. `None` if the packet is shorter, or there is
    /// no memory.
    pub(crate) fn pull(&mut self, len: usize) -> Option<()> {
        let len = u32::try_from(len).ok()?;
        // SAFETY: By its type invariant the skb is valid, and it is not shared.
        unsafe { bindings::sctp_helper_skb_may_pull(self.as_ptr(), len) }.then_some(())
    }

    /// The length of the packet.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Four bytes from anywhere in the packet.
    pub(crate) fn peek(&self, at: usize) -> Option<[u8; 4]> {
        let mut bytes = [0; 4];
        self.0.copy_bits(at, &mut bytes).ok()?;
        Some(bytes)
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// As much of the SCTP packet as is linear.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.linear()
    }

    /// Memory that the packet takes.
    pub(crate) fn truesize(&self) -> usize {
        self.0.truesize()
    }

    /// Whether the checksum is right, or the device has said so.
    pub(crate) fn checksum_ok(&self) -> bool {
        // SAFETY: By its type invariant the skb is valid.
        if unsafe { bindings::sctp_helper_skb_csum_unnecessary(self.0.as_ptr()) } {
            return true;
        }
        let found = self.bytes().get(CHECKSUM_OFFSET..HEADER_LEN);
        matches!((found, self.0.sctp_checksum(0)), (Some(a), Some(b)) if a == b)
    }

    /// The network header, of 20 or 40 bytes.
    pub(crate) fn network_header(&self, ipv6: bool) -> &[u8] {
        let len = if ipv6 { 40 } else { 20 };
        // SAFETY: By its type invariant the skb is valid.
        let header: *const u8 =
            unsafe { bindings::sctp_helper_skb_network_header(self.0.as_ptr()) }.cast();
        // SAFETY: The inet layer has checked that the header is there, in linear memory.
        unsafe { core::slice::from_raw_parts(header, len) }
    }

    /// By which interfaces it came in. `vrfs` is whether those bound to no interface take what
    /// comes by way of a VRF.
    pub(crate) fn via(&self, ipv6: bool, vrfs: bool) -> Via {
        // SAFETY: By its type invariant the skb is valid, and nothing was taken off it yet.
        unsafe { Via::of(self.0.as_ptr(), ipv6, vrfs) }
    }

    /// Whether it was sent to this host alone, not to a link-layer broadcast.
    pub(crate) fn is_for_host(&self) -> bool {
        // SAFETY: By its type invariant the skb is valid.
        unsafe { bindings::sctp_helper_skb_is_for_host(self.0.as_ptr()) }
    }

    /// Whether IPsec policy lets it in.
    pub(crate) fn policy_allows(&self, ipv6: bool) -> bool {
        // SAFETY: By its type invariant the skb is valid.
        unsafe { bindings::sctp_helper_xfrm_policy_check(self.0.as_ptr(), ipv6) }
    }

    /// Gives up everything but the data, which then may be kept for as long as the user likes.
    pub(crate) fn into_payload(self) -> SkbRange {
        // SAFETY: By its type invariant the skb is valid, and it is not shared.
        unsafe { bindings::sctp_helper_skb_detach(self.0.as_ptr()) };
        let len = self.0.len() as u32;
        SkbRange {
            memory: Memory::Received(self.0),
            offset: 0,
            len,
        }
    }
}

enum Memory {
    /// A user's message to be sent.
    Sent(Skb),
    /// A packet that was received, and with it whatever else came in it.
    Received(Skb),
    /// A copy of a little data out of a large packet.
    Copied(Copied),
}

/// A range of some counted memory: the kernel's [`Payload`].
///
/// # Invariants
///
/// `offset + len` is at most the length of the memory.
pub(crate) struct SkbRange {
    memory: Memory,
    offset: u32,
    len: u32,
}

impl core::fmt::Debug for SkbRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.len)
    }
}

impl Payload for SkbRange {
    fn len(&self) -> usize {
        self.len as usize
    }

    fn truesize(&self) -> usize {
        let len = self.len as usize;
        match &self.memory {
            // `slice` keeps the share of a range in its packet above one quarter, so this is wrong
            // by a factor of four at most if all other ranges of the packet are gone.
            Memory::Sent(skb) | Memory::Received(skb) => {
                let share = skb.truesize().saturating_mul(len) / skb.len().max(1);
                share.max(len)
            }
            Memory::Copied(_) => len.saturating_add(128),
        }
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        let len = range.end.checked_sub(range.start)?;
        if range.end > self.len as usize {
            return None;
        }
        let offset = self.offset.checked_add(range.start as u32)?;
        let memory = match &self.memory {
            Memory::Sent(skb) => Memory::Sent(skb.clone()),
            Memory::Received(skb) => match copy_if_small(skb, offset as usize, len) {
                Some(copy) => return Some(Self::of_copy(copy, len)),
                None => Memory::Received(skb.clone()),
            },
            Memory::Copied(copy) => {
                let offset = offset as usize;
                let copy = copy.slice(offset..offset.checked_add(len)?)?;
                return Some(Self::of_copy(copy, len));
            }
        };
        // INVARIANT: The range is within `self`'s, which is within the memory.
        Some(Self {
            memory,
            offset,
            len: len as u32,
        })
    }
}

/// A copy of a range that would otherwise pin a buffer more than four times its size. Without
/// memory for it the buffer is pinned after all.
fn copy_if_small(skb: &Skb, offset: usize, len: usize) -> Option<Copied> {
    if len.saturating_mul(4) >= skb.len() {
        return None;
    }
    Copied::of(skb, offset, len)
}

impl SkbRange {
    /// All `len` bytes of a copy.
    fn of_copy(copy: Copied, len: usize) -> Self {
        // INVARIANT: That is how many it has.
        Self {
            memory: Memory::Copied(copy),
            offset: 0,
            len: len as u32,
        }
    }

    /// The user's message that this is part of, and where in it this begins.
    pub(super) fn sent(&self) -> Option<(&Skb, usize)> {
        match &self.memory {
            Memory::Sent(skb) => Some((skb, self.offset as usize)),
            Memory::Received(_) | Memory::Copied(_) => None,
        }
    }

    /// The whole of a user's message.
    pub(super) fn of_message(skb: Skb) -> Self {
        let len = skb.len() as u32;
        Self {
            memory: Memory::Sent(skb),
            offset: 0,
            len,
        }
    }

    /// The linear part of a packet that was received.
    pub(crate) fn received_bytes(&self) -> Option<&[u8]> {
        match &self.memory {
            Memory::Received(skb) => skb.linear().get(self.offset as usize..),
            Memory::Sent(_) | Memory::Copied(_) => None,
        }
    }

    /// Which socket of a group (`SO_REUSEPORT`) a packet that has just come in is for. Nobody may
    /// leave the group meanwhile.
    pub(crate) fn choose_of_group(&self, member: &Sk, hash: u32) -> Option<Chosen> {
        match &self.memory {
            Memory::Received(skb) => Some(group::choose(member, hash, skb)),
            Memory::Sent(_) | Memory::Copied(_) => None,
        }
    }

    /// Notes which queue of a device the packet has come from (`SO_INCOMING_NAPI_ID`).
    pub(crate) fn tell_queue(&self, sk: &Sk) {
        if let Memory::Received(skb) = &self.memory {
            // SAFETY: Both are valid.
            unsafe { bindings::sctp_helper_sk_mark_napi_id(sk.as_ptr(), skb.as_ptr()) };
        }
    }

    /// Whether a packet that has just come in passes the filter of a socket (SO_ATTACH_FILTER) and
    /// whatever else decides about what sockets get. As with the C module a filter sees the chunks
    /// from their first byte on.
    pub(crate) fn passes_filter(&self, sk: &Sk) -> bool {
        let Memory::Received(skb) = &self.memory else {
            return true;
        };
        // SAFETY: Both are valid; the skb has a common header, and is nobody else's yet.
        unsafe { bindings::sctp_helper_sk_filter(sk.as_ptr(), skb.as_ptr(), HEADER_LEN as u32) }
    }

    /// How the packet came that brought this.
    pub(crate) fn arrival(&self) -> Option<Arrival> {
        match &self.memory {
            Memory::Sent(_) => None,
            Memory::Received(skb) => Some(Arrival::of(skb)),
            Memory::Copied(copy) => Some(*copy.arrival()),
        }
    }

    /// Tells the user what the socket layer knows of that packet and was asked for: SO_TIMESTAMP,
    /// SO_RCVMARK and their like.
    pub(crate) fn put_socket_control(&self, sk: &Sk, msg: &mut Message<'_>) {
        match &self.memory {
            Memory::Sent(_) => {}
            Memory::Received(skb) => msg.put_socket_control(sk, skb),
            Memory::Copied(copy) if sk.wants_socket_control() => {
                if let Some(skb) = copy.arrival().to_skb() {
                    msg.put_socket_control(sk, &skb);
                }
            }
            Memory::Copied(_) => {}
        }
    }

    /// Copies as many bytes as there is room for.
    pub(crate) fn copy_to(&self, to: &mut [u8]) -> Result {
        let start = self.offset as usize;
        let len = to.len().min(self.len as usize);
        let to = to.get_mut(..len).unwrap_or_default();
        match &self.memory {
            Memory::Sent(skb) | Memory::Received(skb) => skb.copy_bits(start, to),
            Memory::Copied(copy) => {
                let end = start.checked_add(len).ok_or(EINVAL)?;
                to.copy_from_slice(copy.bytes().get(start..end).ok_or(EINVAL)?);
                Ok(())
            }
        }
    }

    /// Copies bytes `range` of this to the user.
    pub(crate) fn copy_to_user(&self, msg: &mut Message<'_>, range: Range<usize>) -> Result {
        let len = range.end.checked_sub(range.start).ok_or(EINVAL)?;
        let offset = (self.offset as usize)
            .checked_add(range.start)
            .ok_or(EINVAL)?;
        match &self.memory {
            Memory::Sent(skb) | Memory::Received(skb) => msg.copy_skb_to_user(skb, offset, len),
            Memory::Copied(copy) => {
                let end = offset.checked_add(len).ok_or(EINVAL)?;
                msg.copy_to_user(copy.bytes().get(offset..end).ok_or(EINVAL)?)
            }
        }
    }
}
