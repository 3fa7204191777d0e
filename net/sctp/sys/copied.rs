// SPDX-License-Identifier: GPL-2.0

//! A little data out of a large packet, in memory of its own, and how the packet came.

use super::{bindings, ip, skb::Skb};
use crate::engine::addr::IpAddr;
use core::{alloc::Layout, mem::size_of, ptr::NonNull};
use kernel::{
    alloc::{allocator::Kmalloc, Allocator, NumaNode},
    prelude::*, //
};

/// How a packet came, besides what is in it.
#[derive(Clone, Copy)]
pub(crate) struct Arrival(bindings::sctp_arrival);

impl Arrival {
    /// Of a packet that was received.
    pub(super) fn of(skb: &Skb) -> Self {
        let mut raw = bindings::sctp_arrival::default();
        // SAFETY: The skb is valid, its network header still in place, and `raw` to be written.
        unsafe { bindings::sctp_helper_skb_arrival(skb.as_ptr(), &mut raw) };
        Self(raw)
    }

    /// Our address.
    pub(crate) fn to(&self) -> IpAddr {
        let to = ip::from_in6(&self.0.daddr);
        to.to_ipv4_mapped().map_or(IpAddr::V6(to), IpAddr::V4)
    }

    /// The interface.
    pub(crate) fn ifindex(&self) -> c_int {
        self.0.ifindex
    }

    /// The DSCP with the ECN bits.
    pub(crate) fn traffic_class(&self) -> u8 {
        self.0.traffic_class
    }

    /// What was left of its time to live.
    pub(crate) fn hop_limit(&self) -> u8 {
        self.0.hop_limit
    }

    /// An empty packet that came in the same way.
    pub(super) fn to_skb(self) -> Option<Skb> {
        // SAFETY: Allocating has no requirements.
        let skb =
            unsafe { bindings::__alloc_skb(0, bindings::RUST_CONST_HELPER_GFP_KERNEL, 0, -1) };
        // SAFETY: A new skb, and the reference is ours.
        let skb = unsafe { Skb::from_raw(skb) }?;
        let Self(raw) = self;
        // SAFETY: The skb is valid and nobody else's.
        unsafe {
            bindings::sctp_helper_skb_set_arrival(skb.as_ptr(), raw.tstamp, raw.mark, raw.priority)
        };
        Some(skb)
    }
}

/// What comes before the bytes.
struct Header {
    arrival: Arrival,
    len: usize,
}

/// A copy.
///
/// # Invariants
///
/// This points to memory of `Kmalloc` that is `self`'s alone, with a header, and behind it as many
/// bytes as the header says.
pub(super) struct Copied(NonNull<Header>);

// SAFETY: It owns what it points to, which is plain data.
unsafe impl Send for Copied {}
// SAFETY: As above.
unsafe impl Sync for Copied {}

impl Drop for Copied {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.header().len) {
            // SAFETY: By the type invariant it was allocated so, and nobody else has it.
            unsafe { Kmalloc::free(self.0.cast(), layout) };
        }
    }
}

impl Copied {
    /// A copy of a range of a packet. `None` without memory for it.
    pub(super) fn of(skb: &Skb, offset: usize, len: usize) -> Option<Self> {
        let mut this = Self::new(Arrival::of(skb), len)?;
        skb.copy_bits(offset, this.bytes_mut()).ok()?;
        Some(this)
    }

    /// A copy of a range of this. `None` without memory, or if there is no such range.
    pub(super) fn slice(&self, range: core::ops::Range<usize>) -> Option<Self> {
        let bytes = self.bytes().get(range)?;
        let mut copy = Self::new(*self.arrival(), bytes.len())?;
        copy.bytes_mut().copy_from_slice(bytes);
        Some(copy)
    }

    fn layout(len: usize) -> Option<Layout> {
        let size = size_of::<Header>().checked_add(len)?;
        Layout::from_size_align(size, align_of::<Header>()).ok()
    }

    /// One of `len` zeroes.
    fn new(arrival: Arrival, len: usize) -> Option<Self> {
        let gfp = GFP_ATOMIC | __GFP_ZERO;
        let memory = Kmalloc::alloc(Self::layout(len)?, gfp, NumaNode::NO_NODE).ok()?;
        let this: NonNull<Header> = memory.cast();
        // SAFETY: The memory is new, and has room and alignment for a header.
        unsafe { this.write(Header { arrival, len }) };
        // INVARIANT: The header was written, and behind it is room for `len` bytes, all zero.
        Some(Self(this))
    }

    fn header(&self) -> &Header {
        // SAFETY: By the type invariant there is one, and it is written to nowhere.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn arrival(&self) -> &Arrival {
        &self.header().arrival
    }

    pub(super) fn bytes(&self) -> &[u8] {
        let len = self.header().len;
        // SAFETY: By the type invariant the bytes are in the same memory, behind the header.
        let bytes = unsafe { self.0.add(1) };
        // SAFETY: By the type invariant there are so many.
        unsafe { core::slice::from_raw_parts(bytes.cast().as_ptr(), len) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.header().len;
        // SAFETY: By the type invariant the bytes are in the same memory, behind the header.
        let bytes = unsafe { self.0.add(1) };
        // SAFETY: By the type invariant there are so many, and they are `self`'s alone.
        unsafe { core::slice::from_raw_parts_mut(bytes.cast().as_ptr(), len) }
    }
}
