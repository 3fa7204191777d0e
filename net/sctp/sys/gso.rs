// SPDX-License-Identifier: GPL-2.0

//! Several packets in one skb: one with the common header alone, and behind it, in its `frag_list`,
//! one for the chunks of each packet (`SKB_GSO_SCTP`, `GSO_BY_FRAGS`). It passes through IP and the
//! queue of a device as one. The device, or the stack before it, cuts it up, or on the same host
//! the receiver.
//!
//! C header: [`include/net/gso.h`](srctree/include/net/gso.h)

use super::{
    bindings,
    ip::Route,
    skb::{RxSkb, Skb, HEADER_LEN},
    sock::Sk,
    tx_skb::{Fragmenting, TxSkb},
};
use kernel::{error::from_err_ptr, prelude::*};

/// Bytes that IP may put before a packet: a header with all its options, or some extension headers.
const IP_HEADROOM: usize = 256;

/// Packets to one address that leave together.
///
/// # Invariants
///
/// If `count` is 1, `head` is a whole packet. Else it has a common header, `count` skbs are in its
/// `frag_list`, all of it linear, and `last` is the last one.
pub(crate) struct Train {
    head: TxSkb,
    count: u64,
    last: *mut bindings::sk_buff,
}

impl Train {
    /// A train of one packet; it is linear.
    pub(crate) fn new(packet: TxSkb) -> Self {
        // INVARIANT: One packet.
        Self {
            head: packet,
            count: 1,
            last: core::ptr::null_mut(),
        }
    }

    /// Number of packets.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a packet, which is linear, or gives it back if it is not to leave together with the
    /// others.
    pub(crate) fn push(&mut self, packet: TxSkb, route: &Route) -> Result<(), TxSkb> {
        let (size, count) = route.gso_limits();
        let len = self.head.len().saturating_add(packet.len());
        let is_full = len > size.saturating_sub(IP_HEADROOM) || self.count >= count;
        if is_full || self.head.common_header() != packet.common_header() {
            return Err(packet);
        }
        if self.count == 1 {
            let Some(head) = self.head.common_header().and_then(new_head) else {
                return Err(packet);
            };
            let first = core::mem::replace(&mut self.head, head);
            self.append(first);
        }
        self.append(packet);
        self.count += 1;
        Ok(())
    }

    /// Puts the chunks of a packet at the end.
    fn append(&mut self, packet: TxSkb) {
        let skb = packet.into_raw();
        // SAFETY: The packet is nobody else's and has a common header.
        unsafe { bindings::skb_pull(skb, HEADER_LEN as u32) };
        // SAFETY: The head is nobody else's, and by the type invariant `last` is the last one
        // behind it, if there is any. `skb` is given up.
        unsafe { bindings::sctp_helper_skb_gso_append(self.head.as_ptr(), self.last, skb) };
        self.last = skb;
    }

    /// Sends the packets for a socket.
    pub(crate) fn send(mut self, sk: &Sk, route: &mut Route) -> Result {
        if self.count > 1 {
            // Who cuts it up computes the checksums, if they have to be.
            self.head.checksum(true)?;
            return self.head.send_summed(sk, route);
        }
        self.head.send(sk, route, Fragmenting::Never)
    }
}

/// A packet of a common header alone.
fn new_head(header: &[u8]) -> Option<TxSkb> {
    TxSkb::new(header.len(), |linear| linear.put(header)).ok()
}

/// The packets of an skb that has come in.
///
/// # Invariants
///
/// A list of skbs that are `self`'s alone.
pub(crate) struct Received(*mut bindings::sk_buff);

impl Received {
    /// Takes over what the inet layer hands over.
    ///
    /// # Safety
    ///
    /// `skb` is valid, its data begins at the transport header, and the caller gives it up.
    pub(super) unsafe fn new(skb: *mut bindings::sk_buff) -> Self {
        // SAFETY: By this function's requirements.
        if !unsafe { bindings::sctp_helper_skb_is_train(skb) } {
            // INVARIANT: A list of one. Several packets of which somebody has made linear memory are
            // as one with all their chunks.
            return Self(skb);
        }
        // SAFETY: By this function's requirements; the function consumes the reference and
        // returns another one, or null.
        let skb = unsafe { bindings::sctp_helper_skb_share_check(skb) };
        // SAFETY: As above.
        let Some(head) = (unsafe { Skb::from_raw(skb) }) else {
            return Self(core::ptr::null_mut());
        };
        // SAFETY: The skb is valid and not shared; it has come in with a link-layer header.
        unsafe { bindings::sctp_helper_skb_set_no_tunnel(head.as_ptr()) };
        // The checksums of what was not cut up are not computed either.
        let features = bindings::RUST_CONST_HELPER_NETIF_F_HW_CSUM;
        // SAFETY: The skb is valid and not shared, its data begin with the common header.
        let list = unsafe { segment(head.as_ptr(), features) };
        // INVARIANT: `segment` has made them.
        Self(list.unwrap_or(core::ptr::null_mut()))
    }
}

impl Iterator for Received {
    type Item = RxSkb;

    fn next(&mut self) -> Option<RxSkb> {
        while !self.0.is_null() {
            let skb = self.0;
            // SAFETY: By the type invariant it is a list.
            self.0 = unsafe { bindings::sctp_helper_skb_unlink(skb) };
            // SAFETY: By the type invariant it is ours, and is given up. A packet that was cut out
            // begins with lower headers, which the function takes off.
            let packet = unsafe { RxSkb::from_raw(skb) };
            if packet.is_some() {
                return packet;
            }
        }
        None
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

/// Makes a list of packets, with all their headers, out of an skb of several.
///
/// # Safety
///
/// `skb` is valid and not shared; its data begin with the common header.
unsafe fn segment(
    skb: *mut bindings::sk_buff,
    features: bindings::netdev_features_t,
) -> Result<*mut bindings::sk_buff> {
    // SAFETY: By this function's requirements.
    if !unsafe { bindings::sctp_helper_skb_is_train(skb) } {
        return Err(EINVAL);
    }
    // SAFETY: As above; that much is there.
    unsafe { bindings::skb_pull(skb, HEADER_LEN as u32) };
    // SAFETY: As above. Behind the header is a list of others, whose sizes tell where to cut, and
    // nothing else.
    from_err_ptr(unsafe { bindings::skb_segment(skb, features) })
}

/// For a device that cannot do it itself: makes packets out of an skb of several.
///
/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
pub(super) unsafe extern "C" fn gso_segment(
    skb: *mut bindings::sk_buff,
    features: bindings::netdev_features_t,
) -> *mut bindings::sk_buff {
    let sums = features & bindings::RUST_CONST_HELPER_NETIF_F_SCTP_CRC == 0;
    let features = features | bindings::RUST_CONST_HELPER_NETIF_F_HW_CSUM;
    // Cut where they were put together, not elsewhere, pages or not.
    let features = features & !bindings::RUST_CONST_HELPER_NETIF_F_SG;
    // SAFETY: The C side gives a valid skb whose data begin with the transport header.
    let list = match unsafe { segment(skb, features) } {
        Ok(list) => list,
        Err(e) => return e.to_ptr(),
    };
    let mut next = list;
    while sums && !next.is_null() {
        // SAFETY: It is in the list of valid skbs that was just made, and nobody else's.
        unsafe { fill_in_checksum(next) };
        // SAFETY: As above.
        next = unsafe { bindings::sctp_helper_skb_next(next) };
    }
    list
}

/// Computes the checksum of a packet that was left to the device.
///
/// # Safety
///
/// `skb` is valid, not shared and has an SCTP packet with all lower headers.
unsafe fn fill_in_checksum(skb: *mut bindings::sk_buff) {
    // SAFETY: By this function's requirements.
    let offset = unsafe { bindings::sctp_helper_skb_gso_summed(skb) };
    // SAFETY: The C side keeps its reference: this one is not dropped.
    let skb = unsafe { Skb::from_raw(skb) }.map(core::mem::ManuallyDrop::new);
    if let Some(mut skb) = skb {
        // Without a header it is none, and is dropped by whoever gets it.
        let _ = skb.fill_in_checksum(offset as usize);
    }
}
