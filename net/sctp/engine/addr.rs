// SPDX-License-Identifier: GPL-2.0

//! Transport addresses. The port is a property of the association (RFC 9260, 1.3), so an address
//! is an IP address and, for link-local IPv6, the interface that gives it a meaning.

pub(crate) use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of an endpoint. IPv4 is always [`IpAddr::V4`], never a mapped IPv6 address: the
/// shell converts at the socket boundary.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Address {
    pub(crate) ip: IpAddr,
    /// Interface index for link-local IPv6 addresses, else 0.
    pub(crate) scope_id: u32,
}

#[allow(dead_code)]
impl Address {
    pub(crate) const fn new(ip: IpAddr) -> Self {
        Self { ip, scope_id: 0 }
    }

    /// Whether a peer may be reached at this address at all: neither unspecified, nor multicast,
    /// nor broadcast (RFC 9260, 8.4 rule 1 and 5.1.2).
    pub(crate) fn is_unicast(&self) -> bool {
        match self.ip {
            IpAddr::V4(a) => !a.is_unspecified() && !a.is_multicast() && !a.is_broadcast(),
            IpAddr::V6(a) => !a.is_unspecified() && !a.is_multicast(),
        }
    }
}
