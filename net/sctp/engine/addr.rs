// SPDX-License-Identifier: GPL-2.0

//! Transport addresses. The port is a property of the association (RFC 9260, 1.3), so an address
//! is an IP address and, for link-local IPv6, the interface that gives it a meaning.
//!
//! Which of them may be spoken of with whom is decided in [`scope`](super::scope).

use super::env::{AllocError, Flags, KBox, KVec};
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

    /// Whether the interface is known that a link-local IPv6 address is on.
    pub(crate) fn has_scope(&self) -> bool {
        match self.ip {
            IpAddr::V4(_) => true,
            IpAddr::V6(a) => !a.is_unicast_link_local() || self.scope_id != 0,
        }
    }

    /// Whether both are of the same family.
    pub(crate) fn is_family_of(&self, other: &Self) -> bool {
        self.ip.is_ipv4() == other.ip.is_ipv4()
    }
}

/// Most addresses of one side that count; those beyond are left out. Enforced by [`Addresses`].
pub(crate) const MAX_ADDRESSES: usize = 8;

/// The addresses of one side of an association: at least one, at most [`MAX_ADDRESSES`], none of
/// them twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// Those beyond `len` are copies of the first one.
    list: [Address; MAX_ADDRESSES],
    len: usize,
}

#[allow(dead_code)]
impl Addresses {
    /// `first` is the one that counts most: where an INIT came from or went to.
    pub(crate) const fn new(first: Address) -> Self {
        Self {
            list: [first; MAX_ADDRESSES],
            len: 1,
        }
    }

    /// Adds an address, unless it is there already or there are too many.
    pub(crate) fn insert(&mut self, address: Address) {
        if self.contains(&address) {
            return;
        }
        if let Some(slot) = self.list.get_mut(self.len) {
            *slot = address;
            self.len = self.len.saturating_add(1);
        }
    }

    pub(crate) fn contains(&self, address: &Address) -> bool {
        self.as_slice().contains(address)
    }

    pub(crate) fn first(&self) -> Address {
        let [first, ..] = self.list;
        first
    }

    /// All of them, the first one first.
    pub(crate) fn as_slice(&self) -> &[Address] {
        self.list.get(..self.len).unwrap_or(&[])
    }

    /// Whether there is one of the family of `address`.
    pub(crate) fn has_family_of(&self, address: &Address) -> bool {
        self.as_slice().iter().any(|own| own.is_family_of(address))
    }
}

/// The same, for who keeps them for long: most hosts have one or two.
#[derive(Debug)]
pub(crate) enum AddressList {
    One(Address),
    /// Never empty. Boxed, so that one takes no more for it.
    Several(KBox<KVec<Address>>),
}

#[allow(dead_code)]
impl AddressList {
    pub(crate) fn new(addresses: &[Address], gfp: Flags) -> Result<Self, AllocError> {
        if let [address] = addresses {
            return Ok(Self::One(*address));
        }
        let mut list = KVec::new();
        list.extend_from_slice(addresses, gfp)?;
        Ok(Self::Several(KBox::new(list, gfp)?))
    }

    pub(crate) fn as_slice(&self) -> &[Address] {
        match self {
            Self::One(address) => core::slice::from_ref(address),
            Self::Several(list) => list,
        }
    }

    pub(crate) fn contains(&self, address: &Address) -> bool {
        self.as_slice().contains(address)
    }

    pub(crate) fn first(&self) -> Address {
        const NONE: Address = Address::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        // There is one.
        self.as_slice().first().copied().unwrap_or(NONE)
    }

    pub(crate) fn get(&self) -> Addresses {
        let mut addresses = Addresses::new(self.first());
        for address in self.as_slice() {
            addresses.insert(*address);
        }
        addresses
    }
}
