// SPDX-License-Identifier: GPL-2.0

//! What an ICMP error quotes of a packet that was sent.
//!
//! C headers: [`include/uapi/linux/icmp.h`](srctree/include/uapi/linux/icmp.h),
//! [`include/uapi/linux/icmpv6.h`](srctree/include/uapi/linux/icmpv6.h)

use super::{bindings, net::Net};
use crate::engine::addr::{Address, IpAddr, Ipv4Addr, Ipv6Addr};
use kernel::prelude::*;

/// Length of the SCTP header that is quoted at least: ports and verification tag.
const QUOTED_LEN: usize = 8;

/// A packet that did not arrive, in this host's terms.
pub(crate) struct Quoted {
    pub(crate) net: Net,
    pub(crate) local: Address,
    pub(crate) peer: Address,
    pub(crate) local_port: u16,
    pub(crate) peer_port: u16,
    pub(crate) tag: u32,
    /// The MTU that a router has reported, for a whole IP packet.
    pub(crate) too_big: Option<u32>,
}

/// The linear part of a borrowed skb.
///
/// # Safety
///
/// `skb` is valid for `'a` and nobody writes to it.
unsafe fn linear<'a>(skb: *mut bindings::sk_buff) -> &'a [u8] {
    // SAFETY: By this function's requirements.
    let len = unsafe { bindings::sctp_helper_skb_headlen(skb) } as usize;
    // SAFETY: As above.
    let data = unsafe { (*skb).data };
    // SAFETY: The linear part is that many initialised bytes.
    unsafe { core::slice::from_raw_parts(data, len) }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(
        bytes.get(at..)?.get(..2)?.try_into().ok()?,
    ))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..)?.get(..4)?.try_into().ok()?,
    ))
}

impl Quoted {
    /// Reads what an ICMP error quotes; `None` if it is too short.
    ///
    /// # Safety
    ///
    /// To be called from `net_protocol.err_handler`, with its arguments.
    pub(super) unsafe fn from_v4(skb: *mut bindings::sk_buff, info: u32) -> Option<Self> {
        // SAFETY: The C side has the skb for the call; its data is the quoted IP packet.
        let bytes = unsafe { linear(skb) };
        // SAFETY: As above.
        let kind = unsafe { bindings::sctp_helper_icmp_type(skb) } as u32;
        // SAFETY: As above.
        let code = unsafe { bindings::sctp_helper_icmp_code(skb) } as u32;
        let too_big = (kind == bindings::ICMP_DEST_UNREACH && code == bindings::ICMP_FRAG_NEEDED)
            .then_some(info);
        let header_len = usize::from(bytes.first()? & 0xf) * 4;
        let local = Ipv4Addr::from_bits(be32(bytes, 12)?);
        let peer = Ipv4Addr::from_bits(be32(bytes, 16)?);
        // SAFETY: As above; the packet's device is set.
        let net = unsafe { Net::from_raw(bindings::sctp_helper_skb_net(skb)) };
        Self::new(
            net,
            Address::new(IpAddr::V4(local)),
            Address::new(IpAddr::V4(peer)),
            bytes.get(header_len..)?,
            too_big,
        )
    }

    /// The same for ICMPv6.
    ///
    /// # Safety
    ///
    /// To be called from `inet6_protocol.err_handler`, with its arguments.
    pub(super) unsafe fn from_v6(
        skb: *mut bindings::sk_buff,
        kind: u8,
        offset: c_int,
        info: bindings::__be32,
    ) -> Option<Self> {
        // SAFETY: The C side has the skb for the call; its data is the quoted IPv6 packet.
        let bytes = unsafe { linear(skb) };
        let too_big = (u32::from(kind) == bindings::ICMPV6_PKT_TOOBIG).then(|| u32::from_be(info));
        let local: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
        let peer: [u8; 16] = bytes.get(24..40)?.try_into().ok()?;
        // SAFETY: As above.
        let iif = unsafe { bindings::sctp_helper_skb_iif(skb) } as u32;
        let address = |octets: [u8; 16]| {
            let ip = Ipv6Addr::from(octets);
            Address {
                ip: IpAddr::V6(ip),
                scope_id: if ip.is_unicast_link_local() { iif } else { 0 },
            }
        };
        // SAFETY: As above; the packet's device is set.
        let net = unsafe { Net::from_raw(bindings::sctp_helper_skb_net(skb)) };
        Self::new(
            net,
            address(local),
            address(peer),
            bytes.get(usize::try_from(offset).ok()?..)?,
            too_big,
        )
    }

    fn new(
        net: Net,
        local: Address,
        peer: Address,
        sctp: &[u8],
        too_big: Option<u32>,
    ) -> Option<Self> {
        let sctp = sctp.get(..QUOTED_LEN)?;
        Some(Self {
            net,
            local,
            peer,
            local_port: be16(sctp, 0)?,
            peer_port: be16(sctp, 2)?,
            tag: be32(sctp, 4)?,
            too_big,
        })
    }
}
