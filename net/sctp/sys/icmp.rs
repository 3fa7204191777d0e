// SPDX-License-Identifier: GPL-2.0

//! ICMP errors, and what they quote of a packet that was sent.
//!
//! C headers: [`include/uapi/linux/icmp.h`](srctree/include/uapi/linux/icmp.h),
//! [`include/uapi/linux/icmpv6.h`](srctree/include/uapi/linux/icmpv6.h)

use super::{bindings, net::Net, skb::Via};
use crate::engine::{
    addr::{Address, IpAddr, Ipv6Addr},
    icmp::{Quote, Report},
};
use kernel::prelude::*;

/// An ICMP error about a packet that did not arrive, in this host's terms.
pub(crate) struct IcmpError {
    pub(crate) net: Net,
    pub(crate) local: Address,
    pub(crate) peer: Address,
    pub(crate) quote: Quote,
    pub(crate) report: Report,
    /// What it is called in errors of sockets, or 0.
    pub(crate) errno: c_int,
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

impl IcmpError {
    /// Reads what an ICMP error quotes; `None` if it is too short.
    ///
    /// # Safety
    ///
    /// To be called from `net_protocol.err_handler`, with its arguments.
    pub(super) unsafe fn from_v4(skb: *mut bindings::sk_buff, info: u32) -> Option<Self> {
        // SAFETY: The C side has the skb for the call; its data is the quoted IP packet.
        let bytes = unsafe { linear(skb) };
        // SAFETY: As above.
        let kind = unsafe { bindings::sctp_helper_icmp_type(skb) };
        // SAFETY: As above.
        let code = unsafe { bindings::sctp_helper_icmp_code(skb) };
        let report = Report::from_v4(kind as u8, code as u8, info)?;
        let header_len = usize::from(bytes.first()? & 0xf) * 4;
        let local: [u8; 4] = bytes.get(12..16)?.try_into().ok()?;
        let peer: [u8; 4] = bytes.get(16..20)?.try_into().ok()?;
        // SAFETY: As above; the packet's device is set.
        let net = unsafe { Net::from_raw(bindings::sctp_helper_skb_net(skb)) };
        Some(Self {
            net,
            local: Address::new(IpAddr::from(local)),
            peer: Address::new(IpAddr::from(peer)),
            quote: Quote::parse(bytes.get(header_len..)?)?,
            report,
            // SAFETY: A conversion without requirements.
            errno: unsafe { bindings::sctp_helper_icmp_errno(kind as u8, code as u8) },
        })
    }

    /// The same for ICMPv6.
    ///
    /// # Safety
    ///
    /// To be called from `inet6_protocol.err_handler`, with its arguments.
    pub(super) unsafe fn from_v6(
        skb: *mut bindings::sk_buff,
        kind: u8,
        code: u8,
        offset: c_int,
        info: bindings::__be32,
    ) -> Option<Self> {
        // SAFETY: The C side has the skb for the call; its data is the quoted IPv6 packet.
        let bytes = unsafe { linear(skb) };
        let report = Report::from_v6(kind, code, u32::from_be(info))?;
        let local: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
        let peer: [u8; 16] = bytes.get(24..40)?.try_into().ok()?;
        // SAFETY: As above.
        let iif = unsafe { Via::of(skb, true, true) }.link();
        let address = |octets: [u8; 16]| {
            let ip = Ipv6Addr::from(octets);
            Address {
                ip: IpAddr::V6(ip),
                scope_id: if ip.is_unicast_link_local() { iif } else { 0 },
            }
        };
        // SAFETY: As above; the packet's device is set.
        let net = unsafe { Net::from_raw(bindings::sctp_helper_skb_net(skb)) };
        Some(Self {
            net,
            local: address(local),
            peer: address(peer),
            quote: Quote::parse(bytes.get(usize::try_from(offset).ok()?..)?)?,
            report,
            // SAFETY: A conversion without requirements.
            errno: unsafe { bindings::sctp_helper_icmpv6_errno(kind, code) },
        })
    }
}
