// SPDX-License-Identifier: GPL-2.0

//! Socket addresses of the user, and back.
//!
//! Inside, IPv4 is always IPv4. An IPv6 socket sees it as mapped addresses, or as it is if
//! SCTP_I_WANT_MAPPED_V4_ADDR is off, and may pass it in as either.

use crate::{
    endpoint::TransportAddr,
    engine::addr::{Address, IpAddr, Ipv4Addr, Ipv6Addr},
    sys::{bindings, ip, sock::Sk, user::Abi},
};
use core::mem::size_of;
use kernel::prelude::*;

/// Whether a name is of the family `AF_UNSPEC`.
pub(crate) fn is_unspecified_family(bytes: &[u8]) -> bool {
    bytes.get(..2) == Some(&(bindings::AF_UNSPEC as u16).to_ne_bytes())
}

/// Reads an address as this socket understands it. `EINVAL` for one that it cannot have.
pub(crate) fn parse(sk: &Sk, bytes: &[u8]) -> Result<TransportAddr> {
    let family: [u8; 2] = bytes
        .get(..2)
        .ok_or(EINVAL)?
        .try_into()
        .map_err(|_| EINVAL)?;
    match u32::from(u16::from_ne_bytes(family)) {
        bindings::AF_INET => {
            if bytes.len() < size_of::<bindings::sockaddr_in>() || sk.is_ipv6_only() {
                return Err(EINVAL);
            }
            let c = bindings::sockaddr_in::from_prefix(bytes);
            Ok(TransportAddr {
                addr: Address::new(IpAddr::V4(Ipv4Addr::from(c.sin_addr.s_addr.to_ne_bytes()))),
                port: u16::from_be(c.sin_port),
            })
        }
        bindings::AF_INET6 if sk.is_ipv6() => {
            if bytes.len() < size_of::<bindings::sockaddr_in6>() {
                return Err(EINVAL);
            }
            let c = bindings::sockaddr_in6::from_prefix(bytes);
            let ip = ip::from_in6(&c.sin6_addr);
            let addr = match ip.to_ipv4_mapped() {
                Some(_) if sk.is_ipv6_only() => return Err(EINVAL),
                Some(v4) => Address::new(IpAddr::V4(v4)),
                None => Address {
                    ip: IpAddr::V6(ip),
                    scope_id: if ip.is_unicast_link_local() {
                        c.sin6_scope_id
                    } else {
                        0
                    },
                },
            };
            Ok(TransportAddr {
                addr,
                port: u16::from_be(c.sin6_port),
            })
        }
        _ => Err(EINVAL),
    }
}

/// Reads the address of a peer: as everywhere, "any address" is this host.
pub(crate) fn parse_peer(sk: &Sk, bytes: &[u8]) -> Result<TransportAddr> {
    let mut to = parse(sk, bytes)?;
    if to.addr.ip.is_unspecified() {
        to.addr.ip = match to.addr.ip {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
    }
    if to.port == 0 || !to.addr.is_unicast() || !to.addr.has_scope() {
        return Err(EINVAL);
    }
    Ok(to)
}

/// Reads addresses that follow each other without gaps (RFC 6458, 9.1 and 9.9), each by `parse`.
/// There is at least one.
pub(crate) fn parse_list(
    mut bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<TransportAddr>,
) -> Result<KVec<TransportAddr>> {
    let mut list: KVec<TransportAddr> = KVec::new();
    loop {
        list.push(parse(bytes)?, GFP_KERNEL)?;
        let is_ipv4 = bytes.get(..2) == Some(&(bindings::AF_INET as u16).to_ne_bytes());
        let len = if is_ipv4 {
            size_of::<bindings::sockaddr_in>()
        } else {
            size_of::<bindings::sockaddr_in6>()
        };
        bytes = bytes.get(len..).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(list);
        }
    }
}

/// An address in the form in which this socket shows it.
pub(crate) enum Shown {
    V4(bindings::sockaddr_in),
    V6(bindings::sockaddr_in6),
}

impl Shown {
    pub(crate) fn new(sk: &Sk, addr: &Address, port: u16) -> Self {
        if sk.is_ipv6() && is_mapped(sk) {
            return Self::as_v6(addr, port);
        }
        Self::plain(addr, port)
    }

    /// The address as such, whatever the socket is.
    pub(crate) fn plain(addr: &Address, port: u16) -> Self {
        match addr.ip {
            IpAddr::V4(ip) => {
                let mut c = bindings::sockaddr_in::zeroed();
                c.sin_family = bindings::AF_INET as u16;
                c.sin_port = port.to_be();
                c.sin_addr.s_addr = u32::from_ne_bytes(ip.octets());
                Self::V4(c)
            }
            IpAddr::V6(_) => Self::as_v6(addr, port),
        }
    }

    fn as_v6(addr: &Address, port: u16) -> Self {
        let mut c = bindings::sockaddr_in6::zeroed();
        c.sin6_family = bindings::AF_INET6 as u16;
        c.sin6_port = port.to_be();
        c.sin6_addr = ip::in6(&ip::to_mapped(addr.ip));
        c.sin6_scope_id = addr.scope_id;
        Self::V6(c)
    }

    /// The address in the form that holds any.
    pub(crate) fn storage(&self) -> bindings::__kernel_sockaddr_storage {
        Abi::from_prefix(self.bytes())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(c) => c.bytes(),
            Self::V6(c) => c.bytes(),
        }
    }
}

/// Whether an address stands for any, be it without a family.
pub(crate) fn is_wildcard(sk: &Sk, bytes: &[u8]) -> bool {
    is_unspecified_family(bytes) || parse(sk, bytes).is_ok_and(|any| any.addr.ip.is_unspecified())
}

/// Whether an IPv6 socket wants to see IPv4 addresses as mapped ones.
fn is_mapped(sk: &Sk) -> bool {
    sk.endpoint()
        .map_or(true, |endpoint| endpoint.inner.lock().settings.v4_mapped)
}

/// Brings the name of an IPv6 socket, or of its peer, into the form that the user wants. Returns
/// its length then.
pub(crate) fn show_name(sk: &Sk, name: &mut [u8]) -> usize {
    let c = bindings::sockaddr_in6::from_prefix(name);
    let ip = ip::from_in6(&c.sin6_addr);
    let Some(v4) = ip.to_ipv4_mapped() else {
        return name.len();
    };
    let addr = Address::new(IpAddr::V4(v4));
    let shown = Shown::new(sk, &addr, u16::from_be(c.sin6_port));
    let bytes = shown.bytes();
    match name.get_mut(..bytes.len()) {
        Some(room) => {
            room.copy_from_slice(bytes);
            bytes.len()
        }
        None => name.len(),
    }
}

/// All addresses of a socket: `0.0.0.0` or `::`.
pub(crate) fn wildcard(sk: &Sk) -> Address {
    Address::new(if sk.is_ipv6() {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    })
}
